import { describe, expect, it } from 'vitest';
import { NotKnown } from '../../../src/contract/index.ts';
import { UserError } from '../../../src/source/diagnostic.ts';
import { parseYaml } from '../../../src/source/yaml.ts';
import {
  makeScope,
  renderNode,
  renderText,
  type Scope,
  templateMistakes,
  Unknown,
} from '../../../src/template/index.ts';
import { levelOf } from './support.ts';

const scopeOf = (yaml: string, data: Record<string, unknown> = {}): Scope =>
  makeScope([levelOf('play', yaml)]).with('data', data);
const node = (text: string) => parseYaml(JSON.stringify(text), 'x.yml');
const render = (text: string, scope: Scope) => renderNode(node(text), scope);
const said = (work: () => unknown): string[] => {
  try {
    work();
    return [];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.diagnostics.map(({ code, at, message }) => `${code} ${at?.file}:${at?.line}:${at?.column} ${message}`);
  }
};

describe('a template in a value', () => {
  it.each([
    ['{{ n }}', 10],
    ['{{n}} MiB', '10 MiB'],
    ['{{{ n }}}', 10],
    ['{{ flag }}', true],
    ['{{ nothing }}', null],
    ['<{{ nothing }}>', '<>'],
    ['{{ m }}', { deep: { list: [1, 2] } }],
    ['{{ m.deep.list }}', [1, 2]],
    ['{{ m.deep.list.[1] }}', 2],
    ['{{ m.deep.list.length }}', 2],
    ['{{ again }}', 'is 10'],
    ['{{ same }}', 10],
    ['{{#if flag}}a{{else}}b{{/if}}', 'a'],
    ['{{#unless flag}}a{{else if n}}b{{/unless}}', 'b'],
    ['{{#with m.deep}}{{list.[0]}}{{/with}}', '1'],
    ['{{#with m.deep as |d|}}{{d.list.[0]}} {{n}}{{/with}}', '1 10'],
    ['{{#each m.deep.list}}{{@index}}={{this}};{{/each}}', '0=1;1=2;'],
    ['{{#each m}}{{@key}}:{{list.length}} {{../n}}{{/each}}', 'deep:2 10'],
    ['{{#each m.deep.list as |v k|}}{{k}}{{v}}{{#unless @last}},{{/unless}}{{/each}}', '01,12'],
    ['{{#each empty}}x{{else}}none{{/each}}', 'none'],
    ['{{! said to nobody }}x', 'x'],
    ['\\{{ n }}', '{{ n }}'],
    ['no template', 'no template'],
  ])('renders %s', (text, expected) => {
    const scope = scopeOf(
      'n: 10\nflag: true\nnothing:\nempty: []\nm: { deep: { list: [1, 2] } }\nagain: "is {{ n }}"\nsame: "{{ n }}"\n',
    );

    expect(render(text, scope)).toEqual(expected);
  });

  it('renders what is inside of lists and mappings', () => {
    const given = parseYaml('a: ["{{ n }}", {b: "x{{ n }}"}]\nc: !unsafe "{{ n }}"', 'x.yml');

    expect(renderNode(given, scopeOf('n: 1'))).toEqual({ a: [1, { b: 'x1' }], c: '{{ n }}' });
  });

  it.each([
    ['{{ missing }}', 'UndefinedVariable x.yml:1:5 "missing" is not defined'],
    ['{{#if missing}}a{{/if}}', 'UndefinedVariable x.yml:1:8'],
    ['{{#each missing}}a{{/each}}', 'UndefinedVariable x.yml:1:10'],
    ['{{upper missing}}', 'UndefinedVariable x.yml:1:10'],
    ['{{#if (eq n (add 1 missing))}}{{/if}}', 'UndefinedVariable x.yml:1:21'],
    ['{{default (upper missing) 1}}', undefined],
    ['{{ m.deep.missing }}', 'UndefinedVariable x.yml:1:5 "m.deep" has no "missing"'],
    ['{{ m.constructor }}', 'UndefinedVariable x.yml:1:5'],
    ['{{ m.__proto__ }}', 'UndefinedVariable x.yml:1:5'],
    ['{{ l.[7] }}', 'UndefinedVariable x.yml:1:5 "l" has no "7"'],
    ['{{#each l}}{{missing}}{{/each}}', 'UndefinedVariable x.yml:1:15'],
    ['{{ this }}', 'UndefinedVariable x.yml:1:5'],
    ['{{ @index }}', 'UndefinedVariable x.yml:1:5'],
    ['line\n  {{ missing }}', 'UndefinedVariable x.yml:1:13'],
    ['{{div n 0}}', 'HelperFailed x.yml:1:4 div cannot divide by zero'],
    ['{{upper l}}', 'HelperFailed x.yml:1:4 upper takes a text, and this is [1]'],
    ['{{cpus_and "0-x" "1"}}', 'HelperFailed x.yml:1:4 cpus_and "0-x" is no CPU set'],
  ])('says where %s is wrong', (text, expected) => {
    const [found] = said(() => render(text, scopeOf('n: 1\nm: { deep: {} }\nl: [1]')));
    if (expected === undefined) expect(found).toBeUndefined();
    else expect(found?.slice(0, expected.length)).toBe(expected);
  });

  it.each([
    ['{{ uper n }}', 1, 'UnknownHelper', 'did you mean "upper"?'],
    ['{{#iff n}}{{/iff}}', 1, 'UnknownHelper', 'did you mean "if"?'],
    ['{{#if}}{{/if}}', 1, 'TemplateSyntax', 'for example {{#if x}}'],
    ['{{join a "," b}}', 1, 'HelperUse', 'for example {{join list ","}}'],
    ['{{upper a x=1}}', 1, 'HelperUse', 'for example {{upper text}}'],
    ['{{uper a}} {{lowr b}}', 2, 'UnknownHelper', 'did you mean "upper"?'],
    ['{{#if n}}', 1, 'TemplateSyntax', 'blocks are {{#if x}} … {{else}} … {{/if}}'],
    ['{{#if n}}{{/each}}', 1, 'TemplateSyntax', 'blocks are {{#if x}} … {{else}} … {{/if}}'],
    ['{{ n', 1, 'TemplateSyntax', 'write {{ name }}'],
    ['{{ }}', 1, 'TemplateSyntax', 'write {{name}}, {{helper value}} or {{#if x}} … {{/if}}'],
    ['{{* x}}', 1, 'TemplateSyntax', 'write {{> name}}'],
    [`${'{{#if n}}'.repeat(60)}${'{{/if}}'.repeat(60)}`, 1, 'TemplateTooDeep', 'set a variable to a part of it'],
    [`{{not ${'(not '.repeat(20_000)}n${')'.repeat(20_000)}}}`, 1, 'TemplateTooDeep', 'set a variable to a part of it'],
    [
      `${'{{#if n}}'.repeat(20_000)}${'{{/if}}'.repeat(20_000)}`,
      1,
      'TemplateTooDeep',
      'set a variable to a part of it',
    ],
    [`${'{{ n | upper '.repeat(20_000)}`, 1, 'TemplateSyntax', 'write {{ name }}'],
    [
      `{{ ${'n '.repeat(20_000)}| upper }}`,
      1,
      'TemplateSyntax',
      'write {{name}}, {{helper value}} or {{#if x}} … {{/if}}',
    ],
    // what people write from habit
    ['{{ x | default(3) }}', 1, 'TemplateSyntax', 'write {{default x 3}}'],
    ["{{ x|default('a|b') | upper }}", 1, 'TemplateSyntax', "write {{upper (default x 'a|b')}}"],
    ['{{ l | join(",") }}', 1, 'TemplateSyntax', 'write {{join l ","}}'],
    ['{{ l | count }}', 1, 'TemplateSyntax', 'write {{length l}}'],
    ["{{ hostvars['kvm1'].ip }}", 1, 'TemplateSyntax', 'write {{hostvars.kvm1.ip}}'],
    [
      "{{ hostvars[inventory_hostname]['ip'] }}",
      1,
      'TemplateSyntax',
      `write {{lookup (lookup hostvars inventory_hostname) 'ip'}}`,
    ],
    ['{{ m[k] }}', 1, 'TemplateSyntax', 'write {{lookup m k}}'],
    ['{{ l[0] }}', 1, 'TemplateSyntax', 'write {{l.[0]}}'],
    ['{{ l[-1] }}', 1, 'TemplateSyntax', 'write {{last l}}'],
    ['{{ a + 1 }}', 1, 'TemplateSyntax', 'write {{add a 1}}'],
    ['{{ a == "b" }}', 1, 'TemplateSyntax', 'write {{eq a "b"}}'],
    ['{{ a - b }}', 1, 'TemplateSyntax', 'write {{sub a b}}'],
    ['{{ a and b }}', 1, 'TemplateSyntax', 'write {{and a b}}'],
    ["{{ 'x' if a else 'y' }}", 1, 'TemplateSyntax', "write {{ternary a 'x' 'y'}}"],
    ['{{ s.split(",") }}', 1, 'TemplateSyntax', 'write {{split s ","}}'],
    ["{{ lookup('env', 'HOME') }}", 1, 'TemplateSyntax', 'give the value with -e, in vars or in the inventory'],
    [
      '{{ m | dict2items }}',
      1,
      'TemplateSyntax',
      'leave it out: loop goes over a mapping itself, with item.key and item.value',
    ],
    ['{{ range(1, 5) }}', 1, 'TemplateSyntax', 'write {{range 1 5}}'],
    [
      '{{ l | groupby("a") }}',
      1,
      'TemplateSyntax',
      'there is nothing like "groupby" here; all helpers are in docs/templates-and-conditions.md',
    ],
    ['{{ x }', 1, 'TemplateSyntax', 'write {{ name }}'],
    ['{% if a %}x{% endif %}', 1, 'TemplateSyntax', 'write {{#if x}}…{{else}}…{{/if}}, {{#each list}}…{{/each}}'],
    [
      '{{.Names}}',
      1,
      'TemplateSyntax',
      String.raw`write \{{ to have the braces as text, or put !unsafe before the value`,
    ],
  ])('is refused before any variable is known: %.60s', (text, count, code, hint) => {
    const found = templateMistakes(node(text));
    expect(found).toHaveLength(count);
    expect([found[0]?.code, found[0]?.hint]).toEqual([code, hint]);
    expect(found[0]?.at?.file).toBe('x.yml');
  });

  it('takes a percent sign in braces for text', () => {
    expect(templateMistakes(node('curl -w "%{http_code}" {%x'))).toEqual([]);
  });

  it('refuses templates in keys, which nothing would render', () => {
    expect(templateMistakes(parseYaml('"{{ a }}": 1', 'x.yml'))).toMatchObject([
      { code: 'TemplatedKey', at: { column: 1 } },
    ]);
  });

  it('says that an encrypted value was not opened', () => {
    const locked = parseYaml('!vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n', 'x.yml');

    expect(said(() => renderNode(locked, scopeOf('')))).toEqual([expect.stringMatching(/^VaultLocked x.yml:1:8/)]);
  });

  it('leaves out what is omitted', () => {
    const scope = scopeOf('n: 1');
    const given = parseYaml(
      '{ a: "{{default x omit}}", b: "{{default n omit}}", c: ["{{omit}}", { d: "{{omit}}" }] }',
      'x.yml',
    );

    expect(renderNode(given, scope)).toEqual({ b: 1, c: [{}] });
    expect(said(() => render('{{default x omit}}', scope))).toEqual([expect.stringMatching(/^MisplacedOmit x.yml:1/)]);
    expect(said(() => render('a{{omit}}', scope))).toEqual([expect.stringMatching(/^MisplacedOmit x.yml:1/)]);
    expect(render('{{ omit }}', scopeOf('omit: 5'))).toBe(5);
  });

  it('never evaluates what a host has sent', () => {
    expect(render('{{ sent }}', scopeOf('n: 1', { sent: '{{ n }}' }))).toBe('{{ n }}');
  });

  it.each([
    'x{{ r.out }}',
    '{{ r.out }}',
    '{{ r }}',
    '{{upper r.out}}',
    '{{json r}}',
    '{{default r.out 1}}',
    '{{#if r.out}}{{/if}}',
    '{{ via }}',
    '{{#each r}}{{this}}{{/each}}',
  ])('never prints what is not known: %s', (text) => {
    const scope = scopeOf('via: "{{ r.out }}"', { r: { out: new Unknown('task 3') } });
    expect(() => render(text, scope)).toThrow(NotKnown);
  });

  it('renders what is known beside what is not', () => {
    expect(render('{{ r.rc }}', scopeOf('', { r: { out: new Unknown('task 3'), rc: 0 } }))).toBe(0);
  });
});

describe('a template file', () => {
  const scope = scopeOf('name: "a<b>&\\"\\n"\nn: 2\nlist: [x, y]');
  const file = (text: string, mode: 'none' | 'xml' = 'none', partials: Record<string, string> = {}) =>
    renderText({ text, file: 't.hbs' }, scope, {
      escape: mode,
      partial: (name) => {
        const text = partials[name];
        return text === undefined ? undefined : { text, file: `${name}.hbs` };
      },
    });

  it('is text, also when it is one expression alone', () => {
    expect(file('{{ n }}')).toBe('2');
  });

  it('leaves no trace of lines that hold a block alone', () => {
    expect(file('[\n{{#each list}}\n  {{this}}\n{{/each}}\n]\n')).toBe('[\n  x\n  y\n]\n');
  });

  it('escapes for XML, line ends in attributes too, or not at all', () => {
    expect(file('<x y="{{ name }}"/>', 'xml')).toBe('<x y="a&lt;b&gt;&amp;&quot;&#10;"/>');
    expect(file('{{{ name }}}', 'xml')).toBe('a<b>&"\n');
    expect(file('{{ name }}')).toBe('a<b>&"\n');
  });

  it('has no way to write a control character in XML', () => {
    const with0 = renderText.bind(null, { text: '<x>{{ c }}</x>', file: 't.hbs' }, scopeOf('', { c: 'a\u0001' }));

    expect(said(() => with0({ escape: 'xml' }))).toEqual([
      'NotEscapable t.hbs:1:4 XML cannot hold the character U+0001',
    ]);
  });

  it('uses partials, with values of their own', () => {
    expect(file('{{> head title="T"}}{{> head title=n}}', 'none', { head: '{{title}}/{{n}};' })).toBe('T/2;2/2;');
  });

  it.each([
    ['{{ n }}\n  {{ missing }}', 'UndefinedVariable t.hbs:2:6 "missing" is not defined'],
    ['\n{{> gone}}', 'UnknownPartial t.hbs:2:5 there is no partial "gone"'],
    ['{{> bad}}', 'UndefinedVariable bad.hbs:2:3 "missing" is not defined'],
    ['{{> loop}}', 'PartialCycle loop.hbs:1:5 the partial "loop" uses itself without end'],
    ['a\n{{ n | upper }}', 'TemplateSyntax t.hbs:2:4 templates have no filters with "|"'],
  ])('is wrong at its own line: %j', (text, expected) => {
    expect(said(() => file(text, 'none', { bad: 'x\n{{missing}}', loop: '{{> loop}}' }))).toEqual([expected]);
  });
});
