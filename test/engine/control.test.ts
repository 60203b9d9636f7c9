import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { controlNames } from '../../src/engine/control.ts';
import { NOBODY, type Operator } from '../../src/engine/operator.ts';
import { checkTasks } from '../../src/engine/validate.ts';
import { loadPlaybook } from '../../src/playbook/load-playbook.ts';
import { makeProject } from '../support/project.ts';
import { play as playOn, untuned } from './play.ts';

const on = (...names: string[]) => Object.fromEntries(names.map((name) => [name, untuned()]));
const play = (tasks: string, options: Partial<Parameters<typeof playOn>[1]> = {}) =>
  playOn(`- hosts: all\n  tasks:\n${tasks}`, { hosts: on('h1'), ...options });

describe('pause', () => {
  /** A person who gives this answer, and what they were asked and told. */
  const person = (answer: string | undefined) => {
    const heard: (readonly [string, boolean?])[] = [];
    const operator: Operator = {
      ...NOBODY,
      ask: async (question, hidden) => {
        heard.push([question, hidden]);
        return answer;
      },
      say: (text) => void heard.push([text]),
    };
    return { operator, heard };
  };

  it('asks once for all hosts, when all have done what stands before, and keeps the answer', async () => {
    const { operator, heard } = person('go');

    const { results } = await play(
      `    - debug: { msg: before }
    - { name: Gate, pause: { prompt: Canary fine? }, register: said }
    - debug: { msg: "{{ said.user_input }}" }
`,
      { hosts: on('h1', 'h2'), operator },
    );

    expect(heard).toEqual([['[Gate]\nCanary fine?: ', false]]);
    const said = results.map(({ host, message }) => [host, message]);
    expect(said.slice(0, 2).toSorted()).toEqual([
      ['h1', { msg: 'before' }],
      ['h2', { msg: 'before' }],
    ]);
    expect(said[2]).toEqual(['h1', undefined]);
    expect(said.slice(3).toSorted()).toEqual([
      ['h1', { msg: 'go' }],
      ['h2', { msg: 'go' }],
    ]);
  });

  it('asks for enter where it says nothing, and hides what is typed with echo: false', async () => {
    const { operator, heard } = person('');

    await play('    - pause:\n    - pause: { prompt: Password, echo: false }\n', { operator });

    expect(heard).toEqual([
      ['[pause]\nPress enter to continue, Ctrl+C to interrupt: ', false],
      ['[pause]\nPassword (output is hidden): ', true],
    ]);
  });

  it('fails where there is nobody to ask, and goes no further on any host', async () => {
    const { results, status } = await play('    - pause: { prompt: Sure? }\n    - debug: {}\n', {
      hosts: on('h1', 'h2'),
      operator: person(undefined).operator,
    });

    expect(results.map(({ host, status, error }) => [host, status, error?.code])).toEqual([
      ['h1', 'failed', 'NoTerminal'],
    ]);
    expect(status).toBe(2);
  });

  it('waits for as long as it says, and asks nobody', async () => {
    const { operator, heard } = person('never');
    const began = performance.now();

    await play('    - pause: { seconds: 0.2, prompt: Cooling down }\n', { operator });

    expect(performance.now() - began).toBeGreaterThan(190);
    expect(heard).toEqual([['Pausing for 0.2 seconds\n[pause]\nCooling down:\n']]);
  });

  it('ends at once when it is interrupted', async () => {
    const interrupt = new AbortController();
    setTimeout(() => interrupt.abort(), 50);
    const began = performance.now();

    const { results } = await play('    - pause: { minutes: 5 }\n', {
      operator: { ...NOBODY, interrupted: interrupt.signal },
    });

    expect(performance.now() - began).toBeLessThan(10_000);
    expect(results.map(({ status, error }) => [status, error?.code])).toEqual([['unreachable', 'Interrupted']]);
  });

  it('neither waits nor asks in check mode: what would be answered is unknown', async () => {
    const { operator, heard } = person('go');
    const began = performance.now();

    const { results } = await play(
      `    - pause: { minutes: 5 }
    - { pause: { prompt: Sure? }, register: said }
    - debug: { msg: "{{ said.user_input }}" }
`,
      { check: true, operator },
    );

    expect(results.map(({ status }) => status)).toEqual(['ok', 'ok', 'unknown']);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(heard).toEqual([]);
  });
});

describe('debug', () => {
  it('prints a variable of any shape by its name', async () => {
    const { results } = await play(`    - debug: { var: map.list }
      vars: { map: { list: [1, { a: b }] } }
`);

    expect(results[0]?.message).toEqual({ 'map.list': [1, { a: 'b' }] });
  });

  it('is skipped where it takes more -v than were given', async () => {
    const task = '    - debug: { msg: x, verbosity: 2 }\n';

    const quiet = await play(task, { operator: { ...NOBODY, verbosity: 1 } });
    const loud = await play(task, { operator: { ...NOBODY, verbosity: 2 } });

    expect(quiet.results.map(({ status, message }) => [status, message])).toEqual([['skipped', undefined]]);
    expect(loud.results.map(({ status, message }) => [status, message])).toEqual([['ok', { msg: 'x' }]]);
  });
});

describe('assert', () => {
  it('says one line for each message of a list, and nothing where it is to be quiet', async () => {
    const { results } = await play(
      `    - assert: { that: [true], success_msg: [one, "{{ two }}"] }
    - assert: { that: [true], quiet: true }
    - assert: { that: [true, n > 5], fail_msg: [first, "n is {{ n }}"] }
      ignore_errors: true
      register: r
    - debug: { msg: "{{ r.assertion }} {{ r.evaluated_to }}" }
`,
      { vars: { h1: { two: 2, n: 3 } } },
    );

    expect(results.map(({ message, error }) => message ?? error?.message)).toEqual([
      { msg: 'one\n2' },
      undefined,
      'first\nn is 3',
      { msg: 'n > 5 false' },
    ]);
  });

  it('looks at a message only where it is said', async () => {
    const { results } = await play('    - assert: { that: [true], fail_msg: "{{ nowhere }}" }\n');

    expect(results.map(({ status }) => status)).toEqual(['ok']);
  });
});

describe('what is wrong with tasks that touch no host', () => {
  it.each([
    ['debug: { msg: x, var: y }', '29 BadParameter var: give msg or var, and not both'],
    ['debug: { var: "{{ y }}" }', '21 BadValue "var" takes the name of a variable, and no template'],
    ['debug: { var: "a | upper" }', '22 TemplateSyntax templates have no filters with "|"'],
    ['debug: { var: [a] }', '21 BadParameter var'],
    ['debug: { mgs: x }', '16 UnknownParameter'],
    ['debug: { verbosity: loud }', '27 BadParameter verbosity'],
    ['assert: { that: [] }', '23 BadParameter that'],
    ['assert: { fail_msg: x }', '15 MissingParameter'],
    ['assert: { that: [a and b] }', '26 ConditionSyntax conditions are written in CEL'],
    ['assert: { that: [true], quiet: maybe }', '38 BadParameter quiet'],
    ['assert: { that: [true], success_msg: { a: 1 } }', '44 BadParameter success_msg'],
    ['fail: { msg: { a: 1 } }', '20 BadParameter msg'],
    ['fail: { message: x }', '15 UnknownParameter'],
    ['set_fact: { a: 1, cacheable: true }', '25 NotSupported "cacheable" is not part of this language'],
    ['set_fact: { a-b: 1 }', '19 BadVariableName "a-b" cannot be the name of a variable'],
    ['set_fact: {}', '17 BadParameter'],
    ['pause: { seconds: 1, minutes: 2 }', '37 BadParameter minutes: give seconds or minutes, and not both'],
    ['pause: { seconds: -1 }', '25 BadParameter seconds'],
    ['pause: { seconds: soon }', '25 BadParameter seconds'],
    ['pause: { promt: x }', '16 UnknownParameter'],
  ])('%s', async (task, wanted) => {
    const root = makeProject({ 'site.yml': `- hosts: all\n  tasks:\n    - ${task}\n` });

    const { playbook, mistakes } = await loadPlaybook(join(root, 'site.yml'), { moduleNames: controlNames() });
    const found = [...mistakes, ...(await checkTasks([playbook]))];

    expect(found.map(({ at, code, message }) => `${at?.column} ${code} ${message}`)).toEqual([
      expect.stringContaining(wanted),
    ]);
    expect(found.every(({ at, hint }) => at?.line === 3 && hint)).toBe(true);
  });
});
