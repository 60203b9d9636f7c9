import { describe, expect, it } from 'vitest';
import { toData } from '../../../src/source/node.ts';
import { load, mistakes, names, tasks } from './support.ts';

describe('a play', () => {
  it('has everything in its place', async () => {
    const [play] = await load(`
- name: Tune
  hosts: [kvm, '!kvm9']
  become: yes
  become_user: root
  serial: [1, 30%]
  max_fail_percentage: 25%
  any_errors_fatal: true
  order: sorted
  force_handlers: true
  gather_facts: false
  remote_user: admin
  port: 2222
  connection: ssh
  vars: {a: 1}
  pre_tasks: [{name: first, debug: {}}]
  tasks: [{name: second, debug: }]
  post_tasks: [{name: third, debug: {}}]
  handlers: [{name: h, debug: {}}]
`);

    expect(play).toMatchObject({
      name: 'Tune',
      hosts: ['kvm', '!kvm9'],
      become: { become: true, user: { value: 'root' } },
      serial: ['1', '30%'],
      maxFailPercentage: 25,
      anyErrorsFatal: true,
      order: 'sorted',
      forceHandlers: true,
      remoteUser: { value: 'admin' },
      port: 2222,
      connection: 'ssh',
    });
    expect(play?.sections.map((items) => items.length)).toEqual([1, 1, 1]);
    expect(play?.vars.map(toData)).toEqual([{ a: 1 }]);
    expect(play?.handlers).toHaveLength(1);
    expect(tasks(play).every(({ become }) => become.become)).toBe(true);
  });

  it('is named by its hosts where it has no name', async () => {
    expect((await load('- hosts: a,b\n'))[0]?.name).toBe('a,b');
  });

  it.each([
    ['an empty file', '', 'BadPlaybook site.yml:1:1 a playbook is a list of plays, not nothing (write - hosts: all)'],
    [
      'an empty list',
      '[]',
      'BadPlaybook site.yml:1:1 a playbook is a list of plays, not an empty one (write - hosts: all)',
    ],
    [
      'a mapping',
      'hosts: all',
      'BadPlaybook site.yml:1:1 a playbook is a list of plays, not a mapping (write - hosts: all)',
    ],
    ['a word', '- all', 'BadPlaybook site.yml:1:3 a play is a mapping, not the text "all" (write - hosts: all)'],
    [
      'a play without hosts',
      '- name: x',
      'MissingKeyword site.yml:1:3 this play does not say on which hosts (write hosts: all)',
    ],
  ])('is refused: %s', async (_name, text, expected) => {
    expect(await mistakes(text)).toEqual([expected]);
  });

  it('says that a task stands where a play should', async () => {
    expect((await mistakes('- name: x\n  ksm: {}\n')).join()).toContain('this looks like a task');
  });

  it('says what the file is called that is not there', async () => {
    expect(await mistakes({ 'other.yml': '' })).toEqual([
      expect.stringMatching(/^FileNotFound undefined:.*there is no file site.yml \(look at/),
    ]);
  });

  it('collects the mistakes of all plays and files', async () => {
    const found = await mistakes({
      'site.yml': `
- hosts: all
  tsks: []
  tasks:
    - sysclt: {}
    - import_tasks: more.yml
- hosts: all
  become: perhaps
`,
      'more.yml': '- debug: {}\n  wen: true\n- ksm: {}\n  when: a and b\n',
    });

    expect(found).toEqual([
      'UnknownKeyword site.yml:3:3 "tsks" is not a keyword of a play (did you mean "tasks"?)',
      'UnknownModule site.yml:5:7 there is no module "sysclt" (did you mean "sysctl"?)',
      'UnknownKeyword more.yml:2:3 "wen" is not a keyword of a task (did you mean "when"?)',
      'ConditionSyntax more.yml:4:11 conditions are written in CEL (write `a && b`)',
      'BadValue site.yml:8:11 "become" takes true or false, not the text "perhaps" (write become: true, or become: false)',
    ]);
  });
});

describe('vars_files', () => {
  it('are stronger than the variables of the play', async () => {
    const [play] = await load({
      'site.yml': '- hosts: all\n  vars: {a: 1}\n  vars_files: vars/x.yml\n',
      'vars/x.yml': 'a: 2\n',
    });

    expect(play?.vars.map(toData)).toEqual([{ a: 1 }, { a: 2 }]);
  });

  it('are named when they are not there, and checked when they are', async () => {
    const files = {
      'site.yml': '- hosts: all\n  vars_files: [vars/y.yml, vars/x.yml]\n',
      'vars/x.yml': '1a: 2\nmode: 0644',
    };

    expect(await mistakes(files)).toEqual([
      'FileNotFound site.yml:2:16 there is no file vars/y.yml (did you mean "x.yml"?)',
      expect.stringMatching(/^LeadingZero vars\/x.yml:2:7/),
      expect.stringMatching(/^BadVariableName vars\/x.yml:1:1 /),
    ]);
  });
});

describe('what shapes a playbook', () => {
  const files = {
    'site.yml': `
- hosts: "{{default target 'nobody'}}"
  serial: ["{{ size }}", 50%]
  vars_files: ["vars/{{ os }}.yml"]
  roles: ["{{ os }}"]
  tasks: [{import_tasks: "{{ os }}.yml"}]
- import_playbook: "{{ os }}-play.yml"
`,
    'vars/deb.yml': 'v: 1',
    'deb.yml': '- {name: imported, debug: {}}',
    'deb-play.yml': '- hosts: all',
    'roles/deb/tasks/main.yml': '- {name: of the role, debug: {}}',
  };

  it('may refer to the variables of -e', async () => {
    const [play, imported] = await load(files, { os: 'deb', size: 2, target: 'kvm' });

    expect(play).toMatchObject({ hosts: ['kvm'], serial: ['2', '50%'] });
    expect(play?.vars.map(toData)).toEqual([{ v: 1 }]);
    expect(names(play)).toEqual(['deb : of the role', 'imported']);
    expect(imported?.hosts).toEqual(['all']);
  });

  it('may refer to the variables of the role, block, import and task that it stands on', async () => {
    const [play] = await load(
      {
        'site.yml': `- hosts: all
  vars: { weak: play }
  vars_files: [more.yml]
  roles: [{ role: r, vars: { param: p }, tags: "{{ param }}" }]
  tasks:
    - vars: { b: block, weak: block }
      block:
        - { name: inner, debug: {}, vars: { one: host }, tags: ["{{ b }}", "{{ weak }}", "{{ more }}"], loop: [1], loop_control: { loop_var: "{{ one }}" } }
    - { import_tasks: "{{ which }}.yml", vars: { which: t, fatal: true } }
`,
        'more.yml': 'more: file',
        't.yml': '- { name: imported, debug: {}, tags: "{{ which }}", any_errors_fatal: "{{ fatal }}" }',
        'roles/r/defaults/main.yml': 'weak: default\nown: default\ngiven: default\n',
        'roles/r/vars/main.yml': 'strong: vars',
        'roles/r/tasks/main.yml':
          '- { name: a, debug: {}, tags: ["{{ own }}", "{{ weak }}", "{{ strong }}", "{{ given }}", "{{ role_name }}"] }',
      },
      { given: 'extra' },
    );

    expect(tasks(play).map(({ tags }) => tags)).toEqual([
      ['p', 'default', 'play', 'vars', 'extra', 'r'],
      ['block', 'file'],
      ['t'],
    ]);
    expect(tasks(play)[1]?.loop?.loopVar).toBe('host');
    expect(tasks(play).map(({ anyErrorsFatal }) => anyErrorsFatal)).toEqual([false, false, true]);
  });

  it('may refer to nothing else', async () => {
    const found = await mistakes(files);

    expect(found).toHaveLength(5);
    expect(found).toContain(
      `UndefinedVariable site.yml:3:16 "size" is not defined (this is read before any host is known: only variables of the play, of roles and tasks around it, and of -e can be used)`,
    );
  });
});

describe('import_playbook', () => {
  it('puts plays in place, with the keywords that stand on the import', async () => {
    const plays = await load({
      'site.yml': '- import_playbook: sub/a.yml\n  tags: x\n  vars: {v: 1}\n  when: go\n- hosts: last\n',
      'sub/a.yml': '- hosts: a\n  tasks: [{debug: {}, tags: y, when: on}]\n- import_playbook: b.yml\n',
      'sub/b.yml': '- hosts: b\n',
    });

    expect(plays.flatMap(({ hosts }) => hosts)).toEqual(['a', 'b', 'last']);
    expect(plays.map(({ vars }) => vars.map(toData))).toEqual([[{ v: 1 }], [{ v: 1 }], []]);
    expect(tasks(plays[0])).toMatchObject([{ tags: ['x', 'y'], when: [{ value: 'go' }, { value: 'on' }] }]);
  });

  it('refuses a circle', async () => {
    expect(
      await mistakes({ 'site.yml': '- import_playbook: b.yml\n', 'b.yml': '- import_playbook: site.yml\n' }),
    ).toEqual([
      'ImportCycle b.yml:1:20 this playbook imports itself: site.yml → b.yml → site.yml (take out one of the imports)',
    ]);
  });

  it('is refused among tasks', async () => {
    expect(await mistakes('- hosts: all\n  tasks: [{import_playbook: x.yml}]')).toEqual([
      expect.stringMatching(/^MisplacedKeyword site.yml:2:11/),
    ]);
  });
});

describe('import_tasks', () => {
  it('puts tasks in place; a file beside the one that imports comes first', async () => {
    const [play] = await load({
      'site.yml':
        '- hosts: all\n  tasks:\n    - import_tasks: t/a.yml\n      tags: [x]\n      vars: {v: 1}\n    - debug: {}\n      name: last\n',
      't/a.yml': '- {name: a, debug: {}}\n- import_tasks: {file: b.yml}\n',
      't/b.yml': '- {name: b, debug: {}}\n',
      'b.yml': '- {name: wrong, debug: {}}\n',
    });

    expect(names(play)).toEqual(['a', 'b', 'last']);
    expect(tasks(play).map(({ tags }) => tags)).toEqual([['x'], ['x'], []]);
    expect(tasks(play)[1]).toMatchObject({ at: { line: 1, column: 3 }, scope: { vars: [{ kind: 'map' }] } });
  });

  it.each([
    [
      'a circle',
      { 't.yml': '- import_tasks: t.yml\n' },
      'ImportCycle t.yml:1:17 this file imports itself: t.yml → t.yml (take out one of the imports)',
    ],
    ['a missing file', { 'tt.yml': '' }, 'FileNotFound site.yml:1:42 there is no file t.yml (did you mean "tt.yml"?)'],
    [
      'a mapping',
      { 't.yml': 'debug: {}' },
      'BadValue t.yml:1:1 "t.yml" takes a list, not a mapping (write each of them behind "- ")',
    ],
  ])('refuses %s', async (_name, files, expected) => {
    const found = await mistakes({ 'site.yml': '- {hosts: all, tasks: [{ import_tasks:   t.yml }]}', ...files });
    expect(found).toEqual([expected]);
  });

  it('refuses a template, a loop, and imports without end', async () => {
    expect((await mistakes('- hosts: all\n  tasks: [{import_tasks: "{{ x }}.yml", loop: [1]}]')).join('\n')).toMatch(
      /"loop" cannot stand on an import.*\n.*only variables of the play, of roles and tasks around it, and of -e can be used/,
    );
    const twice = (name: string) => `- import_tasks: ${name}\n- import_tasks: ${name}\n`;
    const files = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`f${i}.yml`, twice(`f${i + 1}.yml`)]));
    const found = await mistakes({
      ...files,
      'f40.yml': '',
      'site.yml': '- hosts: all\n  tasks: [{import_tasks: f0.yml}]',
    });
    expect(found).toEqual([expect.stringMatching(/^TooManyTasks/)]);
  });
});

describe('roles', () => {
  const role = (name: string, extra: Readonly<Record<string, string>> = {}) => ({
    [`roles/${name}/tasks/main.yml`]: `- {name: ${name}, debug: {}}\n`,
    ...extra,
  });

  it('run between pre_tasks and tasks, with what belongs to them', async () => {
    const [play] = await load({
      'site.yml': `
- hosts: all
  roles:
    - a
    - { role: b, tags: t, vars: {p: 1}, when: go }
  tasks: [{name: task, debug: {}, notify: [ha, 'b : hb']}]
  handlers: [{name: hp, debug: {}}]
`,
      ...role('a', {
        'roles/a/handlers/main.yml': '- {name: ha, debug: {}}\n',
        'roles/a/defaults/main.yml': 'd: 1\n',
        'roles/a/vars/main.yaml': 'v: 1\n',
      }),
      ...role('b', { 'roles/b/handlers/main.yml': '- {name: hb, debug: {}}\n' }),
    });

    expect(names(play)).toEqual(['a : a', 'b : b', 'task']);
    expect(play?.handlers.map(({ name }) => name.value)).toEqual(['a : ha', 'b : hb', 'hp']);
    const [a, b, task] = tasks(play);
    expect(a?.scope.role?.defaults.map(toData)).toEqual([{ d: 1 }]);
    expect(a?.scope.role?.vars.map(toData)).toEqual([{ v: 1 }]);
    expect(a?.scope.role?.path).toMatch(/roles\/a$/);
    expect(b).toMatchObject({ tags: ['t'], when: [{ value: 'go' }], scope: { role: { name: 'b' } } });
    expect(b?.scope.vars.map(toData)).toEqual([{ p: 1 }]);
    expect(task?.scope.role).toBeUndefined();
  });

  it('bring what they depend on, once', async () => {
    const [play] = await load({
      'site.yml': '- hosts: all\n  roles: [a, b, a]\n',
      ...role('a', { 'roles/a/meta/main.yml': 'dependencies: [common]\n' }),
      ...role('b', { 'roles/b/meta/main.yml': 'dependencies:\n  - role: common\n' }),
      ...role('common', { 'roles/common/defaults/main.yml': 'c: 1\n' }),
    });

    // Who does it where is told for each host: by tags and conditions the first may not be done.
    const once = play?.sections.flat().flatMap((item) => (item.kind === 'block' ? [item.once] : []));
    const [common, a, , b] = once ?? [];
    expect(names(play)).toEqual(['common : common', 'a : a', 'common : common', 'b : b', 'common : common', 'a : a']);
    expect(once).toEqual([common, a, common, b, common, a]);
    expect(new Set(once).size).toBe(3);
    expect(tasks(play).map(({ scope }) => scope.role?.defaults.map(toData))).toEqual(names(play).map(() => [{ c: 1 }]));
  });

  it('that are used twice have their handlers once, and their mistakes', async () => {
    const files = {
      'site.yml': '- hosts: all\n  roles: [a, a]\n',
      'roles/a/tasks/main.yml': '- debug: {}\n  when: x and y\n',
      'roles/a/handlers/main.yml': '- {name: h, debug: {}}\n',
    };

    expect(await mistakes(files)).toEqual([expect.stringMatching(/^ConditionSyntax/)]);
    const [play] = await load({ ...files, 'roles/a/tasks/main.yml': '- debug: {}\n' });
    expect(play?.handlers.map(({ name }) => name.value)).toEqual(['a : h']);
  });

  it('run again with other variables, or where they allow it', async () => {
    const [play] = await load({
      'site.yml': '- hosts: all\n  roles: [{role: a, vars: {x: 1}}, {role: a, vars: {x: 2}}, b, b]\n',
      ...role('a'),
      ...role('b', { 'roles/b/meta/main.yml': 'allow_duplicates: true\n' }),
    });

    expect(names(play)).toEqual(['a : a', 'a : a', 'b : b', 'b : b']);
  });

  it('are imported, in part too', async () => {
    const [play] = await load({
      'site.yml': `
- hosts: all
  tasks:
    - import_role: { name: a, tasks_from: other }
      tags: x
    - import_role: { name: a }
    - import_role: { name: a }
`,
      ...role('a', { 'roles/a/tasks/other.yml': '- {name: other, debug: {}}\n- import_tasks: main.yml\n' }),
    });

    expect(names(play)).toEqual(['a : other', 'a : a', 'a : a', 'a : a']);
    expect(tasks(play).map(({ tags }) => tags)).toEqual([['x'], ['x'], [], []]);
  });

  it.each([
    ['an unknown one', 'comon', {}, 'UnknownRole site.yml:1:24 there is no role "comon" (did you mean "common"?)'],
    [
      'a circle',
      'x',
      { 'roles/x/meta/main.yml': 'dependencies: [x]' },
      expect.stringMatching(/^RoleCycle roles\/x\/meta\/main.yml:1:16/),
    ],
    ['no name', '{tags: x}', {}, expect.stringMatching(/^MissingKeyword site.yml:1:24 this does not say which role/)],
    [
      'an old parameter',
      '{role: common, size: 1}',
      {},
      expect.stringMatching(/^UnknownKeyword.*put parameters of the role under vars/),
    ],
    ['a list', '[common]', {}, expect.stringMatching(/^BadValue/)],
  ])('are refused: %s', async (_name, given, files, expected) => {
    expect(await mistakes({ 'site.yml': `- {hosts: all, roles: [${given}]}`, ...role('common'), ...files })).toEqual([
      expected,
    ]);
  });
});
