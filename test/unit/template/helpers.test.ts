import { describe, expect, it } from 'vitest';
import { parseYaml } from '../../../src/source/yaml.ts';
import { findHelper, helperNames } from '../../../src/template/helpers.ts';
import { makeScope, renderNode, templateMistakes } from '../../../src/template/index.ts';

const scope = makeScope([]).with('data', {
  list: [3, 1, 3],
  words: ['b', 'a'],
  map: { k: 'v', other: 1 },
  text: "it's a/b.c",
  path: '/etc/sysctl.d/90.conf',
  nothing: null,
});

/** Every helper, with what it gives. */
const CASES: Readonly<Record<string, readonly (readonly [template: string, gives: unknown])[]>> = {
  default: [
    ['{{default missing 3}}', 3],
    ['{{default nothing "x"}}', 'x'],
    ['{{default map.k 1}}', 'v'],
    ['{{default map.zz false}}', false],
    ['{{default "" "x"}}', ''],
    ['{{default "" "x" true}}', 'x'],
    ['{{default missing "x" true}}', 'x'],
    ['{{default map.k "x" true}}', 'v'],
  ],
  defined: [
    ['{{defined map.k}}', true],
    ['{{defined nothing}}', true],
    ['{{defined map.zz}}', false],
    ['{{defined missing}}', false],
  ],
  bool: [
    ['{{bool "yes"}}', true],
    ['{{bool "True"}}', true],
    ['{{bool 1}}', true],
    ['{{bool "no"}}', false],
    ['{{bool nothing}}', false],
  ],
  min: [
    ['{{min list}}', 1],
    ['{{min 4 2}}', 2],
  ],
  max: [
    ['{{max list}}', 3],
    ['{{max 4 2}}', 4],
  ],
  sum: [
    ['{{sum list}}', 7],
    ['{{sum (list)}}', 0],
  ],
  abs: [['{{abs -3}}', 3]],
  regex_search: [
    ['{{regex_search text "^i[a-z]"}}', 'it'],
    ['{{regex_search text "x"}}', ''],
  ],
  reverse: [['{{reverse words}}', ['a', 'b']]],
  list: [
    ['{{list 1 map.k}}', [1, 'v']],
    ['{{default missing (list)}}', []],
  ],
  flatten: [
    ['{{flatten (list 1 (list 2 (list 3)))}}', [1, 2, 3]],
    ['{{flatten (list 1 (list 2 (list 3))) 1}}', [1, 2, [3]]],
  ],
  union: [['{{union list (list 4 1)}}', [3, 1, 4]]],
  intersection: [['{{intersection list (list 4 3)}}', [3]]],
  difference: [['{{difference list (list 4 3)}}', [1]]],
  pluck: [['{{pluck (list map (dict "k" 2)) "k"}}', ['v', 2]]],
  selectattr: [
    ['{{selectattr (list map (dict "k" 2)) "k" 2}}', [{ k: 2 }]],
    ['{{selectattr (list map (dict "k" 0) (dict)) "k"}}', [{ k: 'v', other: 1 }]],
  ],
  rejectattr: [['{{rejectattr (list map (dict "k" 2) (dict)) "k" 2}}', [{ k: 'v', other: 1 }, {}]]],
  dict: [
    ['{{dict "a" 1 "b" map.k}}', { a: 1, b: 'v' }],
    ['{{default missing (dict)}}', {}],
  ],
  combine: [['{{combine map (dict "k" 2)}}', { k: 2, other: 1 }]],
  ternary: [
    ['{{ternary list 1 2}}', 1],
    ['{{ternary nothing 1 2}}', 2],
  ],
  eq: [
    ['{{eq list.[0] 3}}', true],
    ['{{eq list.[0] "3"}}', false],
    ['{{eq list list}}', true],
  ],
  ne: [['{{ne 1 2}}', true]],
  lt: [['{{lt 1 "2"}}', true]],
  le: [['{{le 2 2}}', true]],
  gt: [['{{gt 1 2}}', false]],
  ge: [['{{ge 1 2}}', false]],
  not: [
    ['{{not nothing}}', true],
    ['{{not list}}', false],
  ],
  and: [
    ['{{and 1 "" 2}}', false],
    ['{{and 1 2}}', true],
  ],
  or: [
    ['{{or 0 ""}}', false],
    ['{{or 0 1}}', true],
  ],
  in: [
    ['{{in 3 list}}', true],
    ['{{in "k" map}}', true],
    ['{{in "a/b" text}}', true],
    ['{{in 9 list}}', false],
  ],
  add: [
    ['{{add 1 2 3}}', 6],
    ['{{add "1" 2}}', 3],
  ],
  sub: [['{{sub 5 2}}', 3]],
  mul: [['{{mul 2 3 4}}', 24]],
  div: [
    ['{{div 7 2}}', 3],
    ['{{div 7.0 2}}', 3],
    ['{{div 7.5 2}}', 3.75],
    ['{{div -7 2}}', -4],
  ],
  mod: [
    ['{{mod 7 3}}', 1],
    ['{{mod -7 3}}', 2],
  ],
  int: [['{{int "7.9"}}', 7]],
  float: [['{{float "7.5"}}', 7.5]],
  upper: [['{{upper "a"}}', 'A']],
  lower: [['{{lower "A"}}', 'a']],
  trim: [['{{trim " a "}}', 'a']],
  string: [['{{string 5}}', '5']],
  concat: [['{{concat "a" 1 "b"}}', 'a1b']],
  replace: [['{{replace "a.b.c" "." "$&"}}', 'a$&b$&c']],
  regex_replace: [['{{regex_replace "aab" "(a+)" "<$1>"}}', '<aa>b']],
  split: [
    ['{{split "a,b"}}', ['a', 'b']],
    ['{{split "a b" " "}}', ['a', 'b']],
  ],
  indent: [['{{indent "a\nb" 2}}', 'a\n  b']],
  quote: [
    ['{{quote text}}', `'it'"'"'s a/b.c'`],
    ['{{quote path}}', '/etc/sysctl.d/90.conf'],
    ['{{quote ""}}', "''"],
  ],
  basename: [['{{basename path}}', '90.conf']],
  dirname: [['{{dirname path}}', '/etc/sysctl.d']],
  length: [
    ['{{length list}}', 3],
    ['{{length map}}', 2],
    ['{{length "😀a"}}', 2],
  ],
  first: [['{{first list}}', 3]],
  last: [['{{last words}}', 'a']],
  join: [
    ['{{join list}}', '3,1,3'],
    ['{{join words ""}}', 'ba'],
  ],
  range: [
    ['{{range 1 5}}', [1, 2, 3, 4]],
    ['{{range 3}}', [0, 1, 2]],
    ['{{range 5 0 -2}}', [5, 3, 1]],
    ['{{range 5 1}}', []],
  ],
  sort: [
    ['{{sort list}}', [1, 3, 3]],
    ['{{sort words}}', ['a', 'b']],
  ],
  unique: [
    ['{{unique list}}', [3, 1]],
    ['{{unique (list map map)}}', [{ k: 'v', other: 1 }]],
  ],
  keys: [['{{keys map}}', ['k', 'other']]],
  values: [['{{values map}}', ['v', 1]]],
  lookup: [
    ['{{lookup map "k"}}', 'v'],
    ['{{lookup list 1}}', 1],
  ],
  cpus_and: [['{{cpus_and "0-7" "4-9" "5-20"}}', '5-7']],
  cpus_or: [['{{cpus_or "0-1" "2,8"}}', '0-2,8']],
  cpus_minus: [['{{cpus_minus "0-7" "0-1,4"}}', '2-3,5-7']],
  cpus_count: [['{{cpus_count "0-3,8"}}', 5]],
  cpus_mask: [['{{cpus_mask "0-3,32"}}', '1,0000000f']],
  from_json: [['{{from_json "[1, null]"}}', [1, null]]],
  json: [['{{json map}}', '{"k":"v","other":1}']],
};

const node = (text: string) => parseYaml(JSON.stringify(text), 'x.yml');

describe('helpers', () => {
  it('are all tried here', () => {
    expect(Object.keys(CASES).sort()).toEqual([...helperNames()].sort());
  });

  it.each(Object.values(CASES).flat())('%s gives %j', (template, gives) => {
    expect(renderNode(node(template), scope)).toEqual(gives);
  });

  it.each(helperNames())('%s has an example that can be read', (name) => {
    const { usage = '', summary = '' } = findHelper(name) ?? {};
    expect(usage).toContain(name);
    expect(summary).toMatch(/\.$|`\.?$/);
    expect(templateMistakes(node(usage.startsWith('{{#if') ? `${usage}{{/if}}` : usage))).toEqual([]);
  });

  it.each([
    '{{div 1 0}}',
    '{{mod 1 0}}',
    '{{add "x" 1}}',
    '{{upper list}}',
    '{{first ""}}',
    '{{join map}}',
    '{{keys list}}',
    '{{lookup map "zz"}}',
    '{{lookup map "constructor"}}',
    '{{lookup list 9}}',
    '{{indent "a" 1000}}',
    '{{int nothing}}',
    '{{regex_replace "a" "(" "b"}}',
    '{{cpus_or "x"}}',
    '{{length 5}}',
    '{{from_json "[1"}}',
    '{{min (list)}}',
    '{{dict "a"}}',
    '{{pluck (list map) "zz"}}',
    '{{flatten text}}',
    '{{upper omit}}',
    'a{{omit}}',
    '{{omit}}',
  ])('%s is a mistake of the user', (template) => {
    expect(() => renderNode(node(template), scope)).toThrow(expect.objectContaining({ name: 'UserError' }));
  });
});
