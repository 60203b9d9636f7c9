import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/source/diagnostic.ts';
import { type Node, toData } from '../../../src/source/node.ts';
import type { Dialect } from '../../../src/source/plain-scalar.ts';
import { parseYaml } from '../../../src/source/yaml.ts';

const data = (text: string, dialect: Dialect = '1.2') => toData(parseYaml(text, 'f.yml', { dialect }));

function mistakes(text: string, dialect: Dialect = '1.2'): string[] {
  try {
    parseYaml(text, 'f.yml', { dialect });
  } catch (error) {
    if (error instanceof UserError)
      return error.diagnostics.map((one) => `${one.code} ${one.at?.line}:${one.at?.column}`);
    throw error;
  }
  return [];
}

describe('parseYaml', () => {
  it.each<[string, unknown, unknown]>([
    // as written, YAML 1.2, YAML 1.1 as Ansible reads it
    ['yes', 'yes', true],
    ['off', 'off', false],
    ['y', 'y', 'y'],
    ['True', true, true],
    ['~', null, null],
    ['', null, null],
    ['0x1F', 31, 31],
    ['0o17', 15, '0o17'],
    ['1_000', '1_000', 1000],
    ['-12', -12, -12],
    ['190:20:30', '190:20:30', 685230],
    ['1e3', 1000, '1e3'],
    ['1.5', 1.5, 1.5],
    ['.5', 0.5, 0.5],
    ['0b101', '0b101', 5],
    ['2024-01-02', '2024-01-02', '2024-01-02'],
    ['2M', '2M', '2M'],
    ['0-3,8', '0-3,8', '0-3,8'],
    ['"1"', '1', '1'],
    ['!!str 1', '1', '1'],
    ['!!int "1"', 1, 1],
    ['|\n  a\n  b', 'a\nb\n', 'a\nb\n'],
  ])('reads %s as each version of YAML does', (written, core, ansible) => {
    expect(data(`a: ${written}`)).toEqual({ a: core });
    expect(data(`a: ${written}`, '1.1')).toEqual({ a: ansible });
  });

  it('reads octals and integers beyond 2^53 in YAML 1.1', () => {
    expect(data('[0755, -010, 12345678901234567890]', '1.1')).toEqual([493, -8, 12345678901234567890n]);
  });

  it.each([
    ['mode: 0644', 'LeadingZero 1:7'],
    ['a: 12345678901234567890', 'BadNumber 1:4'],
    [`a: ${'9'.repeat(100_000)}`, 'BadNumber 1:4'],
    ['a: 1e999', 'BadNumber 1:4'],
    ['a: 1\nb: 2\na: 3', 'RepeatedKey 3:1'],
    ['a: !foo 1', 'UnknownTag 1:4'],
    ['a: !!python/object:os.system [ls]', 'UnknownTag 1:4'],
    ['a: !!int x', 'BadTag 1:10'],
    ['a: !vault [1]', 'BadTag 1:11'],
    ['a: *b', 'BadAlias 1:4'],
    ['a: &b [*b]', 'BadAlias 1:8'],
    ['<<: 1', 'BadMerge 1:5'],
    ['? [a]\n: b', 'BadKey 1:3'],
    ['__proto__: 1', 'BadKey 1:1'],
    ['a: {{ x }}', 'UnquotedTemplate 1:5'],
    ['a: {{ x }}/y', 'YamlSyntax 1:11'],
    ['a: b: c', 'YamlSyntax 1:4'],
    ['a: "b" == "c"', 'YamlSyntax 1:8'],
    ['a: @b', 'YamlSyntax 1:4'],
    ['a: "b', 'YamlSyntax 1:4'],
    ["a:\n  - 'b\n  - c", 'YamlSyntax 2:5'],
    ['a: 1\n---\nb: 2', 'SeveralDocuments 2:1'],
    ['a: 1\nb: x\0y', 'YamlSyntax 2:5'],
    ['a: "\u001b[31m"', 'YamlSyntax 1:5'],
  ])('refuses %.40s', (written, expected) => {
    expect(mistakes(written)).toEqual([expected]);
  });

  it.each([
    ['a:\n  b: 1\n   c: 2', '3:4', /indented by 3, and those above by 0, 2/],
    ['- a: 1\n   b: 2', '2:4', /indented by 3, and those above by 0, 2/],
    ['a:\n  - b:1\n    c: 2', '2:5', /space behind the colon: b: 1/],
    ['a: 1\nb\nc: 2', '2:1', /colon is missing: b/],
    ['a: [1, 2\nb: 3', '1:4', /close it with \]/],
    ['a: {b: 1\nc: 3', '1:4', /close it with }/],
    ['a: "b\nc: 3', '1:4', /close it with "/],
    ['a: "C:\\path"', '1:7', /write a backslash twice/],
    ['a:\n\tb: 1', '2:1', /indent with spaces/],
    ['a: *', '1:4', /in quotes/],
    ['a: b: c', '1:4', /": " must be in quotes/],
  ])('says how to mend %j', (written, place, hint) => {
    let found: UserError | undefined;
    try {
      parseYaml(written, 'f.yml');
    } catch (error) {
      found = error as UserError;
    }

    const [first] = found?.diagnostics ?? [];
    expect(`${first?.at?.line}:${first?.at?.column}`).toBe(place);
    expect(first?.hint).toMatch(hint);
  });

  it('collects all mistakes', () => {
    expect(mistakes('a: 01\nb: 02\nb: 03')).toEqual([
      'LeadingZero 1:4',
      'LeadingZero 2:4',
      'LeadingZero 3:4',
      'RepeatedKey 3:1',
    ]);
  });

  it('lets the last of repeated keys win where Ansible does', () => {
    expect(data('a: 1\na: 2', '1.1')).toEqual({ a: 2 });
  });

  it('merges mappings: own keys win, then the first of a list', () => {
    expect(data('x: &x {a: 1, b: 1}\ny: &y {a: 2, c: 2}\nz:\n  <<: [*x, *y]\n  b: 3')).toMatchObject({
      z: { a: 1, b: 3, c: 2 },
    });
  });

  it('takes a quoted "<<" for a plain key', () => {
    expect(data('"<<": 1')).toEqual({ '<<': 1 });
  });

  it('keeps !vault and !unsafe, on all that is inside', () => {
    const node = parseYaml('a: !vault |\n  $ANSIBLE\nb: !unsafe ["{{ x }}", {c: d}]', 'f.yml');
    const tags: unknown[] = [];
    const walk = (one: Node): void => {
      if (one.kind === 'scalar') tags.push(one.tag);
      else if (one.kind === 'list') one.items.forEach(walk);
      else for (const entry of one.entries) walk(entry.value);
    };
    walk(node);
    expect(tags).toEqual(['!vault', '!unsafe', '!unsafe']);
  });

  it('says where everything stands', () => {
    const node = parseYaml('- name: x\n  list:\n    - "a b"\n', 'f.yml');
    expect(node).toMatchObject({
      kind: 'list',
      items: [
        {
          entries: [
            { key: 'name', keyAt: { line: 1, column: 3, length: 4 }, value: { at: { line: 1, column: 9, length: 1 } } },
            { key: 'list', value: { items: [{ at: { file: 'f.yml', line: 3, column: 7, length: 5 }, quoted: true }] } },
          ],
        },
      ],
    });
  });

  it('takes a file of nothing but comments for null', () => {
    expect(data('')).toBeNull();
    expect(data('# nothing\n')).toBeNull();
    expect(data('---\n')).toBeNull();
  });

  it.each([
    ['20,000 brackets', '['.repeat(20_000)],
    ['20,000 closed brackets', `${'['.repeat(20_000)}${']'.repeat(20_000)}`],
    ['20,000 braces', '{a: '.repeat(20_000)],
    ['20,000 compact lists', '- '.repeat(20_000)],
    ['20,000 explicit keys', '? '.repeat(20_000)],
    ['deep indentation', Array.from({ length: 2000 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join('')],
  ])('refuses %s without recursing into them', (_name, text) => {
    expect(mistakes(text).map((one) => one.split(' ')[0])).toEqual(['YamlTooDeep']);
  });

  it('refuses aliases that would grow without bound', () => {
    const bomb = ['a0: &a0 [x]'];
    for (let i = 1; i < 40; i++) bomb.push(`a${i}: &a${i} [${`*a${i - 1},`.repeat(9)}]`);
    expect(mistakes(bomb.join('\n'))[0]).toMatch(/^YamlTooLarge/);
    expect(
      mistakes(bomb.join('\n').replaceAll('[*', '[{<<: *').replaceAll(',*', '},{<<: *').replaceAll(',]', '}]'))[0],
    ).toMatch(/^(YamlTooLarge|BadMerge)/);
  });

  it('refuses a file beyond 16 MiB before parsing it', () => {
    expect(mistakes(' '.repeat(16 * 1024 * 1024 + 1))).toEqual(['YamlTooLarge 1:1']);
  });

  it('reads a mapping of 100,000 keys', () => {
    const text = Array.from({ length: 100_000 }, (_, i) => `k${i}: ${i}\n`).join('');
    expect(Object.keys(data(text) as object)).toHaveLength(100_000);
  });
});

describe('what Ansible reads otherwise', () => {
  it.each([
    ['a: b\u0085c', '1:5'],
    ['a: 1 # b\u2028c', '1:9'],
    ['a: "b\u2029 c"', '1:6'],
  ])('is refused where it is a line break of YAML 1.1: %j', (text, at) => {
    expect([mistakes(text), mistakes(text, '1.1')]).toEqual([[`YamlSyntax ${at}`], [`YamlSyntax ${at}`]]);
    expect(data('a: "\\N\\L\\P"')).toEqual({ a: '\u0085\u2028\u2029' });
  });

  it.each([
    ['{a: ?x}', '1:5'],
    ['{?x: 1}', '1:2'],
    ['[1, :x]', '1:5'],
  ])('is refused where brackets give it a meaning: %s', (text, at) => {
    expect(mistakes(text, '1.1')).toEqual([`YamlSyntax ${at}`]);
    expect(mistakes(text)).toEqual([]);
  });

  it.each(['a: ?x', '{a: "?x", ? b: c, d?: e}'])('is left where it means the same: %s', (text) => {
    expect(mistakes(text, '1.1')).toEqual([]);
  });
});
