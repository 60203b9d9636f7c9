import { describe, expect, it } from 'vitest';
import { NotKnown } from '../../../src/contract/index.ts';
import { UserError } from '../../../src/source/diagnostic.ts';
import { parseYaml } from '../../../src/source/yaml.ts';
import { type Level, makeScope, renderNode, type Scope, Unknown } from '../../../src/template/index.ts';

const level = (name: string, yaml: string): Level => {
  const node = parseYaml(yaml, `${name}.yml`);
  const entries = node.kind === 'map' ? node.entries : [];
  return { name, vars: new Map(entries.map((entry) => [entry.key, { node: entry.value }])) };
};
const scopeOf = (yaml: string, data: Record<string, unknown> = {}): Scope =>
  makeScope([level('play', yaml)]).with('data', data);
const render = (text: string, scope: Scope) => renderNode(parseYaml(`${JSON.stringify(text)}`, 'x.yml'), scope);
const mistakes = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    if (error instanceof UserError)
      return error.diagnostics.map(({ code, at }) => `${code} ${at?.file}:${at?.line}:${at?.column}`);
    throw error;
  }
  return [];
};

describe('a template', () => {
  it.each([
    ['{{ n }}', 10],
    ['{{n}} MiB', '10 MiB'],
    ['{{ m.deep.list }}', [1, 2]],
    ['{{ m.deep.list.[1] }}', 2],
    ['{{ again }}', 'is 10'],
    ['{{#if yes}}a{{else}}b{{/if}}', 'a'],
    ['{{#each m.deep.list}}{{@index}}={{this}};{{/each}}', '0=1;1=2;'],
    ['{{#each m.deep.list as |v k|}}{{k}}{{v}}{{#unless @last}},{{/unless}}{{/each}}', '01,12'],
    ['{{default missing 3}}', 3],
    ['{{default m.missing "x"}}', 'x'],
    ['{{join m.deep.list "-"}}', '1-2'],
    ['{{add n 1}}', 11],
    ['no template', 'no template'],
  ])('renders %s', (text, expected) => {
    const scope = scopeOf('n: 10\nyes: true\nm: { deep: { list: [1, 2] } }\nagain: "is {{ n }}"\n');

    expect(render(text, scope)).toEqual(expected);
  });

  it.each([
    ['{{ missing }}', 'UndefinedVariable x.yml:1:5'],
    ['{{#if missing}}a{{/if}}', 'UndefinedVariable x.yml:1:8'],
    ['{{upper missing}}', 'UndefinedVariable x.yml:1:10'],
    ['{{ m.deep.missing }}', 'UndefinedVariable x.yml:1:5'],
    ['{{ m.constructor }}', 'UndefinedVariable x.yml:1:5'],
    ['{{ uper n }}', 'UnknownHelper x.yml:1:5'],
    ['{{ n | default(3) }}', 'TemplateFilter x.yml:1:7'],
    ['{{#if n}}', 'TemplateSyntax x.yml:1:2'],
  ])('says where %s is wrong', (text, expected) => {
    expect(mistakes(() => render(text, scopeOf('n: 1\nm: { deep: {} }')))).toEqual([expected]);
  });

  it('shows the whole circle when variables are defined by each other', () => {
    const scope = scopeOf('a: "{{ b }}"\nb: "{{ c }}"\nc: "{{ a }}"\n');

    expect(() => render('{{ a }}', scope)).toThrow('defined by itself: a → b → c → a');
  });

  it('never evaluates what a host has sent', () => {
    expect(render('{{ sent }}', scopeOf('n: 1', { sent: '{{ n }}' }))).toBe('{{ n }}');
  });

  it('never prints what is not known', () => {
    expect(() => render('x{{ r.out }}', scopeOf('', { r: { out: new Unknown('task 3') } }))).toThrow(NotKnown);
  });

  it('lets the strongest level win, and evaluates what it refers to there', () => {
    const scope = makeScope([level('group', 'n: 1\nshow: "{{ n }}"'), level('host', 'n: 2')]);

    expect(render('{{ show }}', scope)).toBe(2);
    expect(scope.find('n').map((found) => found.level)).toEqual(['host', 'group']);
  });
});
