import { describe, expect, it } from 'vitest';
import { checkArguments } from '../../../src/playbook/argument-spec.ts';
import { makeScope, Unknown } from '../../../src/template/index.ts';
import { load, mistakes, tasks } from './support.ts';

const SPEC = `argument_specs:
  main:
    short_description: Tunes
    options:
      level: {type: int, required: true, choices: [1, 2]}
      path: {type: path, default: /x}
      flag: {type: bool}
      ratio: {type: float}
      name: {description: [A name.]}
      password: {no_log: true, choices: [a]}
      many: {type: list, elements: int}
      shape: {type: dict, options: {size: {type: int, required: true}, unit: {}}}
      shapes: {type: list, elements: dict, options: {size: {type: int}}}
      any: {type: raw}
      modes: {type: list, choices: [a, b]}
      size: {type: bytes}
      old: {aliases: [older]}
      pair: {type: dict, mutually_exclusive: [[x, y]], options: {x: {}, y: {}}}
      this: {}
      that: {}
      both: {}
      state: {choices: [present, absent]}
    mutually_exclusive: [[this, that]]
    required_together: [[size, both]]
    required_if: [[state, present, [this, that], true], [state, absent, [this]]]
    required_by: {older: many, both: this}
`;
const files = (spec: string) => ({
  'site.yml': '- hosts: all\n  roles: [r]\n',
  'roles/r/tasks/main.yml': '- debug: {}\n',
  'roles/r/meta/argument_specs.yml': spec,
});

const check = async (values: Readonly<Record<string, unknown>>): Promise<readonly string[]> => {
  const [task] = tasks((await load(files(SPEC)))[0]);
  const spec = task?.scope.role?.argumentSpec;
  if (!spec) throw new Error('the role has a spec');
  const scope = makeScope([]).with('vars', values);
  return checkArguments(spec, scope, { file: 'x.yml', line: 1, column: 1 }).map(
    ({ code, message, hint }) => `${code} ${message}${hint ? ` (${hint})` : ''}`,
  );
};

describe("a role's argument specs", () => {
  it('become a task before those of the role, whatever the tags', async () => {
    const [first, second] = tasks((await load(files(SPEC)))[0]);

    expect(first).toMatchObject({
      name: { value: expect.stringMatching(/^r : Validating arguments against arg spec 'main'/) },
      module: 'validate_argument_spec',
      tags: ['always'],
      at: { line: 2, column: 11 },
    });
    expect(second?.module).toBe('debug');
  });

  it('take what Ansible takes', async () => {
    const good = {
      level: '2',
      path: '/y',
      flag: 'yes',
      ratio: '1.5',
      name: 5,
      size: '10M',
      both: 1,
      this: 1,
      state: 'present',
      modes: ['b', 'a'],
      older: 'x',
      pair: { x: 1 },
      password: 'a',
      many: [1, '2'],
      shape: { size: 1, unit: 'k' },
      shapes: [{ size: 1 }, {}],
      any: { x: [1] },
    };

    expect(await check(good)).toEqual([]);
    expect(await check({ level: 1, flag: null, many: new Unknown('later') })).toEqual([]);
  });

  it.each<[Record<string, unknown>, string]>([
    [{}, 'MissingArgument the role needs the variable "level" (give it under vars, or in the inventory)'],
    [
      { level: null },
      'BadArgument level: the role takes a whole number, not null (see meta/argument_specs.yml of the role)',
    ],
    [
      { level: 1.5 },
      'BadArgument level: the role takes a whole number, not 1.5 (see meta/argument_specs.yml of the role)',
    ],
    [{ level: 3 }, 'BadArgument level: the role takes 1 or 2, not 3 (see meta/argument_specs.yml of the role)'],
    [
      { level: 1, path: ['x'] },
      'BadArgument path: the role takes a path, not ["x"] (see meta/argument_specs.yml of the role)',
    ],
    [
      { level: 1, flag: 'maybe' },
      'BadArgument flag: the role takes true or false, not "maybe" (see meta/argument_specs.yml of the role)',
    ],
    [
      { level: 1, ratio: '' },
      'BadArgument ratio: the role takes a number, not "" (see meta/argument_specs.yml of the role)',
    ],
    [
      { level: 1, name: {} },
      'BadArgument name: the role takes a text, not {} (see meta/argument_specs.yml of the role)',
    ],
    [
      { level: 1, password: 'hunter2' },
      'BadArgument password: the role takes "a", not what it is (see meta/argument_specs.yml of the role)',
    ],
    [
      { level: 1, many: 'a,b' },
      'BadArgument many: the role takes a list, not "a,b" (see meta/argument_specs.yml of the role)',
    ],
    [
      { level: 1, many: [1, 'x'] },
      'BadArgument many[1]: the role takes a whole number, not "x" (see meta/argument_specs.yml of the role)',
    ],
    [
      { level: 1, shape: [] },
      'BadArgument shape: the role takes a mapping, not [] (see meta/argument_specs.yml of the role)',
    ],
    ...(
      [
        [{ modes: ['a', 'c'] }, 'modes: the role takes "a" or "b", not ["a","c"]'],
        [{ size: 'big', both: 1, this: 1 }, 'size: the role takes a size such as 10M, not "big"'],
        [{ this: 1, that: 1 }, '"this", "that" cannot be given together'],
        [{ size: '1M' }, '"size", "both" must be given together'],
        [{ size: '1M', both: 1 }, '"this" must be given with "both"'],
        [{ state: 'present' }, 'one of "this", "that" must be given where "state" is present'],
        [{ state: 'absent' }, '"this" must be given where "state" is absent'],
        [{ pair: { x: 1, y: 2 } }, '"pair.x", "pair.y" cannot be given together'],
      ] as const
    ).map(([values, said]): [Record<string, unknown>, string] => [
      { level: 1, ...values },
      `BadArgument ${said} (see meta/argument_specs.yml of the role)`,
    ]),
    [
      { level: 1, shape: {} },
      'MissingArgument the role needs the variable "shape.size" (give it under vars, or in the inventory)',
    ],
    [
      { level: 1, shape: { size: 1, units: 'k' } },
      'BadArgument shape: the role knows no "units" here (did you mean "unit"?)',
    ],
    [
      { level: 1, shapes: [{ size: 'x' }] },
      'BadArgument shapes[0].size: the role takes a whole number, not "x" (see meta/argument_specs.yml of the role)',
    ],
  ])('refuse %j', async (values, expected) => {
    expect(await check(values)).toEqual([expected]);
  });

  it.each([
    [
      '{type: strng}',
      'BadValue roles/r/meta/argument_specs.yml:4:20 "type" takes a type, not the text "strng" (did you mean "str"?)',
    ],
    [
      '{requird: true}',
      'UnknownKeyword roles/r/meta/argument_specs.yml:4:14 "requird" is not part of an argument\'s spec (did you mean "required"?)',
    ],
    [
      '{required: perhaps}',
      'BadValue roles/r/meta/argument_specs.yml:4:24 "required" takes true or false, not the text "perhaps" (write required: true, or required: false)',
    ],
    [
      'x',
      'BadValue roles/r/meta/argument_specs.yml:4:13 "options" takes a mapping, not the text "x" (write options: { KEY: VALUE })',
    ],
  ])('are themselves checked before any host: %s', async (option, expected) => {
    expect(await mistakes(files(`argument_specs:\n  main:\n    options:\n      size: ${option}\n`))).toEqual([
      expected,
    ]);
  });
});
