import { describe, expect, it } from 'vitest';
import { KEYWORDS, type KeywordName, keywordsOn, type Place } from '../../../src/playbook/keywords.ts';
import { mistakes } from './support.ts';

interface Case {
  /** Values as YAML that are taken. */
  readonly good: readonly string[];
  /** Values as YAML, and how the mistake begins. */
  readonly bad: readonly (readonly [yaml: string, message: string])[];
  /** What else must be there. */
  readonly besides?: string;
}

const BOOL: Case = {
  good: ['true', 'false', 'yes', 'Off', '"no"'],
  bad: [
    ['maybe', 'takes true or false, not the text "maybe"'],
    ['1', 'takes true or false, not the number 1'],
    ['[true]', 'takes true or false, not a list'],
    ['', 'takes true or false, not nothing'],
    ['"{{ x }}"', 'takes true or false, not the text "{{ x }}"'],
  ],
};
const TASKS: Case = {
  good: ['[]', '', '[{debug: {}}]'],
  bad: [
    ['x', 'takes a list, not the text "x"'],
    ['{debug: {}}', 'takes a list, not a mapping'],
    ['[x]', 'is a mapping, not the text "x"'],
  ],
};
const TEXT: Case = {
  good: ['x', '5', '"{{ x }}"'],
  bad: [
    ['', 'takes a text, not nothing'],
    ['[x]', 'takes a text, not a list'],
    ['{x: 1}', 'takes a text, not a mapping'],
    ['"{{ x"', 'this is not closed with }}'],
  ],
};
const TEXTS: Case = {
  good: ['x', '[x, y]'],
  bad: [
    ['', 'takes a text, not nothing'],
    ['[[x]]', 'takes a text, not a list'],
    ['{x: 1}', 'takes a text, not a mapping'],
  ],
};
const SECONDS: Case = {
  good: ['0', '1.5', '"30"'],
  bad: [
    ['-1', 'takes a number of seconds, not the number -1'],
    ['soon', 'takes a number of seconds'],
    ['', 'takes a number of seconds, not nothing'],
    ['[1]', 'takes a number of seconds, not a list'],
  ],
};
const CONDITIONS: Case = {
  good: ['true', 'a == 1', '[a, b]', '"!(a in b)"'],
  bad: [
    ['', 'takes a condition, not nothing'],
    ['1', 'takes a condition, not the number 1'],
    ['{a: 1}', 'takes a condition, not a mapping'],
    ['a and b', 'conditions are written in CEL'],
    ['a is defined', 'conditions are written in CEL'],
    ['"{{ a }}"', 'conditions are written in CEL'],
  ],
};
const NAME: Case = {
  good: ['x', '_x1'],
  bad: [
    ['1x', '"1x" cannot be the name of a variable'],
    ['a-b', '"a-b" cannot be the name of a variable'],
    ['in', '"in" has a meaning of its own in conditions'],
    ['"{{ x }}"', 'takes a plain text, not the text "{{ x }}"'],
    ['[x]', 'takes a text, not a list'],
  ],
};

const CASES: { readonly [Name in KeywordName]: Case } = {
  name: { ...TEXT, besides: 'vars: {x: 1}' },
  hosts: TEXTS,
  vars: {
    good: ['{a: 1}', '{}', ''],
    bad: [
      ['x', 'takes a mapping, not the text "x"'],
      ['[{a: 1}]', 'takes a mapping, not a list'],
      ['{a-b: 1}', '"a-b" cannot be the name of a variable'],
      ['{a: "{{ x | upper }}"}', 'templates have no filters'],
    ],
  },
  vars_files: {
    good: ['[]'],
    bad: [
      ['gone.yml', 'there is no file'],
      ['{a: 1}', 'takes a text, not a mapping'],
    ],
  },
  pre_tasks: TASKS,
  roles: {
    good: ['[]', ''],
    bad: [
      ['x', 'takes a list'],
      ['[gone]', 'there is no role "gone"'],
    ],
  },
  tasks: TASKS,
  post_tasks: TASKS,
  handlers: TASKS,
  serial: {
    good: ['0', '1', '30%', '"30%"', '[1, 5, 100%]'],
    bad: [
      ['0%', 'takes a number of hosts'],
      ['101%', 'takes a number of hosts'],
      ['-1', 'takes a number of hosts'],
      ['half', 'takes a number of hosts'],
      ['', 'takes a number of hosts'],
      ['[1, x]', 'takes a number of hosts'],
    ],
  },
  max_fail_percentage: {
    good: ['0', '30', '30%', '33.3', '100'],
    bad: [
      ['101', 'takes a number from 0 to 100'],
      ['-1', 'takes a number'],
      ['many', 'takes a number'],
      ['', 'takes a number'],
    ],
  },
  any_errors_fatal: BOOL,
  order: {
    good: ['inventory', 'reverse_inventory', 'sorted', 'reverse_sorted', 'shuffle'],
    bad: [
      ['random', 'takes "inventory" or'],
      ['[sorted]', 'takes "inventory" or'],
      ['', 'takes "inventory" or'],
    ],
  },
  strategy: {
    good: ['free', 'host_pinned'],
    bad: [
      ['linear', 'takes "free" or'],
      ['debug', 'takes "free" or'],
    ],
  },
  gather_facts: BOOL,
  force_handlers: BOOL,
  connection: {
    good: ['ssh', 'local'],
    bad: [
      ['docker', 'takes "ssh" or "local"'],
      ['', 'takes "ssh" or'],
    ],
  },
  remote_user: {
    good: ['admin'],
    bad: [
      ['[a]', 'takes a text'],
      ['"{{ u }}"', '"u" is not defined'],
    ],
  },
  port: {
    good: ['22', '65535', '"2222"'],
    bad: [
      ['0', 'takes a whole number from 1 to 65535'],
      ['65536', 'takes a whole'],
      ['ssh', 'takes a whole'],
      ['', 'takes a whole'],
    ],
  },
  module_defaults: {
    good: ['{}', '{debug: {msg: x}}', '{ansible.builtin.debug: {msg: x}}'],
    bad: [
      ['x', 'takes a mapping'],
      ['{debgu: {}}', 'there is no module "debgu" to give defaults to'],
      ['{debug: x}', 'defaults of "debug" are a mapping'],
      ['{debug: {msg: "{{"}}', 'this is not closed with }}'],
    ],
  },
  become: BOOL,
  become_user: TEXT,
  become_method: { good: ['sudo', 'su'], bad: [['[su]', 'takes a text']] },
  tags: {
    good: ['x', '[x, y]', '"x,y"', '[always]'],
    bad: [
      ['{x: 1}', 'takes a text'],
      ['"{{ x }}"', 'takes a plain text'],
      ['', 'takes a text'],
    ],
  },
  environment: {
    good: ['{A: b}', '[{A: b}, "{{ env }}"]', '"{{ env }}"', ''],
    bad: [
      ['x', 'takes a mapping, not the text "x"'],
      ['[x]', 'takes a mapping'],
      ['{A: "{{"}', 'this is not closed with }}'],
    ],
  },
  ignore_errors: {
    good: [...BOOL.good, '"{{ x }}"'],
    bad: [
      ['maybe', 'takes true or false'],
      ['"{{ x"', 'this is not closed with }}'],
    ],
  },
  ignore_unreachable: BOOL,
  no_log: BOOL,
  diff: BOOL,
  check_mode: BOOL,
  run_once: BOOL,
  throttle: {
    good: ['0', '3'],
    bad: [
      ['-1', 'takes a whole number of at least 0'],
      ['1.5', 'takes a whole number'],
      ['x', 'takes a whole number'],
    ],
  },
  timeout: SECONDS,
  when: CONDITIONS,
  delegate_to: TEXT,
  register: NAME,
  loop: {
    good: ['[1, 2]', '{a: 1}', '"{{ list }}"', '[]'],
    bad: [
      ['x', 'takes a list, a mapping, or a template'],
      ['5', 'takes a list'],
      ['', 'takes a list'],
      ['["{{"]', 'this is not closed with }}'],
    ],
  },
  loop_control: {
    besides: 'loop: [1]',
    good: ['{}', '{label: "{{ item }}", index_var: i, loop_var: one, pause: 0.5}'],
    bad: [
      ['x', 'takes a mapping'],
      ['{labels: x}', '"labels" is not part of loop_control'],
      ['{index_var: 1x}', '"1x" cannot be the name of a variable'],
      ['{loop_var: a-b}', '"a-b" cannot be'],
      ['{pause: soon}', 'takes a number of seconds'],
    ],
  },
  until: {
    good: ['a == 1', 'true'],
    bad: [
      ['[a]', 'takes a condition, not a list'],
      ['', 'takes a condition'],
      ['a or b', 'conditions are written in CEL'],
    ],
  },
  retries: {
    besides: 'until: "true"',
    good: ['0', '5'],
    bad: [
      ['-1', 'takes a whole number of at least 0'],
      ['x', 'takes a whole number'],
    ],
  },
  delay: { ...SECONDS, besides: 'until: "true"' },
  failed_when: CONDITIONS,
  changed_when: CONDITIONS,
  notify: {
    good: ['h', '[h, topic]', '"{{ x }}"'],
    bad: [
      ['hh', 'no handler of this play is called "hh"'],
      ['', 'takes a text'],
      ['{h: 1}', 'takes a text'],
    ],
  },
  listen: {
    good: ['x', '[x, y]'],
    bad: [
      ['', 'takes a text'],
      ['"{{ x }}"', 'takes a plain text'],
    ],
  },
  args: {
    good: ['{msg: x}', '{}'],
    bad: [
      ['x', 'takes a mapping'],
      ['{msg: "{{"}', 'this is not closed with }}'],
    ],
  },
};

/** A playbook in which one thing stands in one place. */
function playbook(place: Place, name: string, value: string, besides = ''): string {
  const one = (indent: string, lines: readonly string[]) =>
    lines
      .filter(Boolean)
      .map((line, index) => `${indent}${index === 0 ? '- ' : '  '}${line}`)
      .join('\n');
  const keyword = `${name}: ${value}`;
  const hosts = name === 'hosts' ? '' : 'hosts: all';
  const handlers = '  handlers:\n    - {name: h, listen: topic, debug: {}}';
  if (place === 'play') return one('', [hosts, keyword, besides]) + (name === 'handlers' ? '' : `\n${handlers}`);
  if (place === 'handler') return `- hosts: all\n${handlers}\n${one('    ', ['debug: {}', keyword, besides])}`;
  if (place === 'role') return `- hosts: all\n  roles:\n${one('    ', ['role: there', keyword])}\n${handlers}`;
  const body = { block: 'block: []', import: 'import_role: {name: there}', task: 'debug: {}' }[place];
  return `- hosts: all\n  tasks:\n${one('    ', [body, keyword, besides])}\n${handlers}`;
}

const inPlace = (place: Place, name: string, value: string, besides?: string) =>
  mistakes({ 'site.yml': playbook(place, name, value, besides), 'roles/there/tasks/main.yml': '' });

const PLACES: readonly Place[] = ['play', 'role', 'import', 'block', 'task', 'handler'];

describe.each(Object.entries(CASES) as [KeywordName, Case][])('%s', (name, { good, bad, besides }) => {
  it('is taken wherever it can stand', async () => {
    const plays = KEYWORDS[name].on.flatMap((place) => good.map((value) => playbook(place, name, value, besides)));
    expect(await mistakes({ 'site.yml': plays.join('\n'), 'roles/there/tasks/main.yml': '' })).toEqual([]);
  });

  it.each(bad)(`refuses %j`, async (value, message) => {
    const place = KEYWORDS[name].on.find((one) => one === 'task') ?? KEYWORDS[name].on[0];
    if (!place) throw new Error('a keyword stands somewhere');
    const found = await inPlace(place, name, value, besides);
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]).toContain(message);
    // A code, a place, and a hint at the end.
    for (const one of found) expect(one).toMatch(/^[A-Z]\w+ site.yml:\d+:\d+ .* \(.+\)$/s);
  });

  it('is refused where it cannot stand', async () => {
    for (const place of PLACES.filter((one) => !keywordsOn(one).includes(name))) {
      // A role is chosen by "name", too.
      if (place === 'role' && name === 'name') continue;
      const found = await inPlace(place, name, good[0] ?? '');
      expect([place, ...found]).toEqual([
        place,
        expect.stringMatching(
          new RegExp(`^MisplacedKeyword site.yml:\\d+:\\d+ "${name}" cannot stand on a.* \\(it can stand on .+\\)$`),
        ),
      ]);
    }
  });
});
