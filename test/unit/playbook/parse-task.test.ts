import { describe, expect, it } from 'vitest';
import { toData } from '../../../src/source/node.ts';
import { load, mistakes, tasks } from './support.ts';

const inTasks = (yaml: string) => `- hosts: all\n  tasks:\n${yaml.replace(/^/gm, '    ')}`;
const taskOf = async (yaml: string) => tasks((await load(inTasks(yaml)))[0])[0];
const wrong = (yaml: string) => mistakes(inTasks(yaml));

describe('a task', () => {
  it('keeps everything that stands on it', async () => {
    const task = await taskOf(`
- name: Swap less on {{ inventory_hostname }}
  sysctl:
    vm.swappiness: "{{ swappiness }}"
  register: result
  loop: [1, 2]
  loop_control: {label: "{{ one }}", loop_var: one, index_var: i, pause: 2}
  until: result.changed
  retries: 5
  delay: 1
  failed_when: [a, b]
  changed_when: false
  delegate_to: "{{ other }}"
  ignore_errors: "{{ lenient }}"
  throttle: 2
  timeout: 30
  no_log: true
  diff: false
  check_mode: true
  run_once: true
  environment: {A: b}
  tags: [x, "y,z"]
  when: [p, q]
`);

    expect(task).toMatchObject({
      kind: 'task',
      at: { line: 4, column: 7 },
      module: 'sysctl',
      moduleAt: { line: 5, column: 7 },
      name: { value: 'Swap less on {{ inventory_hostname }}' },
      register: 'result',
      loop: { loopVar: 'one', indexVar: 'i', label: { value: '{{ one }}' }, pause: 2 },
      until: { value: 'result.changed' },
      retries: 5,
      delay: 1,
      failedWhen: [{ value: 'a' }, { value: 'b' }],
      changedWhen: [{ value: false }],
      delegateTo: { value: '{{ other }}' },
      ignoreErrors: { value: '{{ lenient }}' },
      throttle: 2,
      timeout: 30,
      noLog: [true],
      diff: false,
      checkMode: true,
      runOnce: true,
      tags: ['x', 'y', 'z'],
      when: [{ value: 'p' }, { value: 'q' }],
    });
    expect(task && toData(task.params)).toEqual({ 'vm.swappiness': '{{ swappiness }}' });
  });

  it('has the defaults that Ansible has', async () => {
    expect(await taskOf('- ksm:')).toMatchObject({
      name: { value: 'ksm' },
      params: { kind: 'map', entries: [] },
      retries: 3,
      delay: 5,
      timeout: 0,
      ignoreErrors: false,
      when: [],
      tags: [],
    });
  });

  it('takes over what stands on blocks and the play, the nearest first', async () => {
    const [play] = await load(`
- hosts: all
  become: true
  become_user: play
  tags: p
  environment: {A: 1}
  ignore_errors: true
  vars: {v: play}
  tasks:
    - block:
        - debug: {}
          when: inner
          tags: t
          become_user: task
          vars: {v: task}
          environment: {A: 3}
          no_log: false
        - debug: {}
      when: [outer1, outer2]
      tags: b
      vars: {v: block}
      environment: {A: 2}
      ignore_errors: false
      no_log: true
      notify: h
      rescue: [{debug: {}}]
      always: [{debug: {}}]
  handlers: [{name: h, debug: {}}]
`);
    const [first, second, ...others] = tasks(play);

    expect(first?.when.map(({ value }) => value)).toEqual(['outer1', 'outer2', 'inner']);
    expect(first?.tags).toEqual(['p', 'b', 't']);
    expect(first?.become).toMatchObject({ become: true, user: { value: 'task' } });
    expect(first?.environment.map(toData)).toEqual([{ A: 1 }, { A: 2 }, { A: 3 }]);
    expect(first?.scope.vars.map(toData)).toEqual([{ v: 'block' }, { v: 'task' }]);
    expect(first?.ignoreErrors).toBe(false);
    expect(first?.noLog).toEqual([true]);
    expect(first?.notify.map(({ value }) => value)).toEqual(['h']);
    expect(others.map(({ scope }) => scope === second?.scope)).toEqual([true, true]);
    expect(play?.handlers[0]).toMatchObject({ tags: ['p'], ignoreErrors: true, when: [] });
  });

  it('takes parameters from args and module_defaults, its own first', async () => {
    const [play] = await load(`
- hosts: all
  module_defaults: {sysctl: {a: play, b: play, c: play, d: play}}
  tasks:
    - block:
        - sysctl: {c: task}
          args: {d: args}
          module_defaults: {ansible.builtin.sysctl: {e: own}}
      module_defaults: {sysctl: {b: block, c: block}}
`);

    const [task] = tasks(play);
    expect(task && toData(task.params)).toEqual({ a: 'play', b: 'block', c: 'task', d: 'args', e: 'own' });
  });

  it('knows the modules of ansible.builtin by their full names', async () => {
    expect(await taskOf('- ansible.builtin.debug: {msg: x}')).toMatchObject({ module: 'debug' });
  });

  it.each([
    ['no module', '- name: x', 'MissingModule 3:7 this task does not say which module it uses'],
    ['an unknown module', '- sysclt: {}', 'UnknownModule 3:7 there is no module "sysclt" (did you mean "sysctl"?)'],
    [
      'another collection',
      '- example.general.sysctl: {}',
      'UnknownModule 3:7 there is no module "example.general.sysctl" (did you mean "sysctl"?)',
    ],
    [
      'a misspelt keyword',
      '- ksm: {}\n  ignore-errors: yes',
      'UnknownKeyword 4:7 "ignore-errors" is not a keyword of a task (did you mean "ignore_errors"?)',
    ],
    ['two modules', '- ksm: {}\n  thp: {}', 'SeveralModules 4:7 a task uses one module, and here are "ksm" and "thp"'],
    [
      'k=v words',
      '- sysctl: name=vm.swappiness value="{{ x }}"',
      'FreeFormParameters 3:15 the parameters of "sysctl" are a mapping, not k=v words (write sysctl: { name: vm.swappiness, value: "{{ x }}" })',
    ],
    [
      'free words',
      '- command: sysctl -p',
      'FreeFormParameters 3:16 the parameters of "command" are a mapping, not the text "sysctl -p" (write command: { argv: [sysctl, -p] })',
    ],
    [
      'a list of parameters',
      '- ksm: [run]',
      'FreeFormParameters 3:12 the parameters of "ksm" are a mapping, not a list (see kvmplay doc ksm)',
    ],
    [
      'a parameter given twice',
      '- ksm: {run: 1}\n  args: {run: 0}',
      'RepeatedKey 4:14 "run" stands under "ksm" and under "args" (give it once)',
    ],
    ['retries alone', '- ksm: {}\n  retries: 3', 'UselessKeyword 4:7 "retries" does nothing without "until"'],
    [
      'loop_control alone',
      '- ksm: {}\n  loop_control: {label: x}',
      'UselessKeyword 4:7 "loop_control" does nothing without "loop"',
    ],
    ['rescue alone', '- ksm: {}\n  rescue: []', 'UselessKeyword 4:7 "rescue" does nothing without "block"'],
    [
      'a module on a block',
      '- block: []\n  ksm: {}',
      'SeveralModules 4:7 a block cannot use the module "ksm" as well (put it into the block)',
    ],
    [
      'a misspelt part of a block',
      '- block: []\n  resque: []',
      'UnknownKeyword 4:7 "resque" is not a keyword of a block (did you mean "rescue"?)',
    ],
    ['a filter', '- debug: {msg: "{{ x | default(3) }}"}', 'TemplateSyntax 3:24 templates have no filters'],
    [
      'a condition in assert',
      '- assert: {that: [a == 1, b and c]}',
      'ConditionSyntax 3:33 conditions are written in CEL',
    ],
    ['an unknown meta action', '- meta: flush', 'BadValue 3:13 "meta" takes "flush_handlers" or'],
    ['register on meta', '- meta: noop\n  register: x', 'MisplacedKeyword 4:7 "register" cannot stand on a meta task'],
  ])('is refused with its place: %s', async (_name, yaml, expected) => {
    const found = (await wrong(yaml)).map((one) => one.replace('site.yml:', ''));
    expect(found).toHaveLength(1);
    expect(found[0]?.slice(0, expected.length)).toBe(expected);
  });

  it.each([
    ['include_tasks: x.yml', 'use import_tasks'],
    ['include_role: {name: x}', 'use import_role'],
    ['include: x.yml', 'use import_tasks'],
    ['include_vars: x.yml', 'use vars_files'],
    ['local_action: command true', 'use delegate_to: localhost'],
    ['action: debug msg=x', 'use the name of the module'],
    ['shell: ls | wc', 'use command with shell: true'],
    ['ansible.builtin.shell: ls', 'use command with shell: true'],
    ['setup:', 'facts are read when something refers to them'],
    ['{debug: {}, with_items: [1]}', 'use loop'],
    ['{debug: {}, with_dict: {a: 1}}', 'use loop with the mapping itself'],
    ['{debug: {}, async: 10}', 'use timeout'],
    ['{debug: {}, poll: 0}', 'use timeout'],
    ['{debug: {}, sudo: yes}', 'use become: true'],
  ])("names the replacement of Ansible's %s", async (yaml, replacement) => {
    const found = await wrong(`- ${yaml}`);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^NotSupported/);
    expect(found[0]).toContain(replacement);
  });

  it('names the replacement of vars_prompt', async () => {
    expect((await mistakes('- hosts: all\n  vars_prompt: [{name: x}]\n')).join()).toMatch(
      /NotSupported.*-e NAME=VALUE/,
    );
  });
});

describe('meta', () => {
  it('is one of five actions, with conditions and tags', async () => {
    const [play] = await load(
      inTasks('- meta: flush_handlers\n- ansible.builtin.meta: end_host\n  name: stop\n  when: a\n  tags: t'),
    );

    expect(play?.sections[1]).toMatchObject([
      { kind: 'meta', action: 'flush_handlers', when: [], tags: [] },
      { kind: 'meta', action: 'end_host', name: 'stop', when: [{ value: 'a' }], tags: ['t'] },
    ]);
  });
});

describe('notify', () => {
  const handlers = '\n  handlers: [{name: Restart ksm, debug: {}, listen: tuned}]';

  it.each(['Restart ksm', 'tuned', '"{{ x }}"'])(
    'takes the name of a handler and what it listens to: %s',
    async (name) => {
      expect(await mistakes(`${inTasks(`- {debug: {}, notify: ${name}}`)}${handlers}`)).toEqual([]);
    },
  );

  it('refuses a name that nothing has', async () => {
    expect(await mistakes(`${inTasks('- {debug: {}, notify: Restart KSMd}')}${handlers}`)).toEqual([
      'UnknownHandler site.yml:3:27 no handler of this play is called "Restart KSMd" or listens to it (did you mean "Restart ksm"?)',
    ]);
  });

  it.each(['block: []', 'meta: noop', 'import_role: {name: x}'])('has no %s among handlers', async (item) => {
    expect((await mistakes(`- hosts: all\n  handlers: [{${item}}]`)).join()).toMatch(/cannot stand among handlers/);
  });
});
