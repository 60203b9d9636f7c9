import { describe, expect, it } from 'vitest';
import { makeSite } from './site.ts';

/** A module as a user writes it, with types, and a helper file beside it. */
const greeting = `import { defineModule, file, NOTHING, planOf, Problem, pokeKnob, z, type Seen } from 'kvmplay';
import { z as zod } from 'zod';
import { KNOB } from './_knob.ts';

const Params = z.strictObject({ value: zod.string().describe('What it is to say.') });

export const greeting = defineModule({
  name: 'greeting',
  summary: 'Say something.',
  params: Params,
  reads: () => ({ knob: file(KNOB) }),
  plan(params, seen: Seen) {
    if (params.value === 'nothing') throw new Problem('NothingToSay', 'there is nothing to say', 'say something');
    if (seen.text('knob')?.trim() === params.value) return NOTHING;
    const summary: string = \`greeting: \${params.value}\`;
    return planOf([pokeKnob({ path: KNOB, before: seen.raw('knob'), value: params.value, summary })]);
  },
  examples: [{ title: 'Hello', params: { value: 'hello' }, host: { '/proc/sys/vm/swappiness': '60' } }],
});
`;
const knob = "export const KNOB = '/proc/sys/vm/swappiness' as const;\n";

const project = (module = greeting) => {
  const site = makeSite();
  site.write('modules/greeting.ts', module);
  site.write('modules/_knob.ts', knob);
  const run = (tasks: string, ...args: string[]) => {
    site.write('site.yml', `- hosts: all\n  tasks:\n${tasks}`);
    return site.kvmplay('run', 'site.yml', '-i', 'hosts', ...args);
  };
  return { ...site, run };
};

describe('modules of a project', () => {
  it('do their work beside those of kvmplay, whose very contract they have', () => {
    const { run, read } = project();

    const done = run('    - greeting: { value: "7" }\n    - greeting: { value: nothing }\n');

    expect(done.out).toMatch(/changed: \[h1\][\s\S]*there is nothing to say/);
    expect(done).toMatchObject({ status: 2, err: '' });
    expect(read('h1/proc/sys/vm/swappiness')).toBe('7\n');
  });

  it('have their parameters looked at before any host is, and are meant by a word that is close', () => {
    const { run, read } = project();

    const wrong = run('    - greeting: { valeu: "7" }\n    - greetin: {}\n');

    expect(wrong.status).toBe(5);
    expect(wrong.err).toMatch(/UnknownModule[\s\S]*did you mean "greeting"\?/);
    expect(wrong.err).toMatch(/site.yml:3:19[\s\S]*did you mean "value"\?/);
    expect(read('h1/proc/sys/vm/swappiness')).toBe('60\n');
  });

  it('come with roles, too, and can be used without a playbook', () => {
    const { run, write, kvmplay } = project();
    write(
      'roles/polite/modules/bow.ts',
      greeting.replaceAll('greeting', 'bow').replace('./_knob', '../../../modules/_knob'),
    );
    write('roles/polite/tasks/main.yml', '- bow: { value: "8" }\n');

    expect(run('    - import_role: { name: polite }\n').out).toContain('changed: [h1]');
    expect(kvmplay('exec', 'h1', '-m', 'greeting', '-a', 'value=9', '-i', 'hosts').out).toContain('changed: [h1]');
    expect(kvmplay('doc', 'greeting').out).toContain('What it is to say.');
    expect(kvmplay('doc').out).toMatch(/^greeting +Say something\./m);
  });

  it.each([
    ['is broken', 'export const greeting =\n  {{;\n', /modules\/greeting.ts:\d+[\s\S]*/, 'cannot be loaded'],
    [
      'throws',
      'const a: number = 1;\nthrow new Error("no " + a);\n',
      /modules\/greeting.ts:2/,
      'cannot be loaded: Error: no 1',
    ],
    [
      'is called otherwise',
      greeting.replace("name: 'greeting'", "name: 'hello'"),
      /greeting.ts:8:3/,
      'calls itself "hello"',
    ],
    [
      'exports nothing of its name',
      greeting.replace('const greeting', 'const other'),
      /greeting.ts:7/,
      'it exports other',
    ],
    [
      'has no schema',
      greeting.replace('params: Params', 'params: { value: "x" } as never'),
      /greeting.ts:10:3/,
      'params is a zod schema',
    ],
    [
      'has an example that it refuses',
      greeting.replace("{ value: 'hello' }", '{ valeu: 1 }'),
      /greeting.ts:18:3/,
      'example 1 is not what its own params take',
    ],
  ])('are looked at when they are loaded: one that %s', (_, module, place, message) => {
    const { run } = project(module);

    const wrong = run('    - debug: {}\n');

    expect(wrong.status).toBe(5);
    expect(wrong.err).toContain(message);
    expect(wrong.err).toMatch(place);
  });

  it('take the place of none of kvmplay’s without saying so', () => {
    const { run, write } = project();
    const own = greeting.replaceAll('greeting', 'ksm');
    write('modules/ksm.ts', own);
    const silent = run('    - ksm: { value: "7" }\n');
    write('modules/ksm.ts', own.replace("name: 'ksm',", "name: 'ksm',\n  replaces: true,"));

    expect(silent).toMatchObject({ status: 5, err: expect.stringContaining('there is a module "ksm" already') });
    expect(run('    - ksm: { value: "7" }\n')).toMatchObject({ status: 0, err: '' });
  });
});
