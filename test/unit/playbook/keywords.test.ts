import { describe, expect, it } from 'vitest';
import { KEYWORDS, type KeywordName, keywordsOn, type Place } from '../../../src/playbook/keywords.ts';
import { mistakes } from './support.ts';

type Wrong = readonly [yaml: string, message: string, at?: string, code?: Code];

interface Case {
  /** Values as YAML that are taken. */
  readonly good: readonly string[];
  /** Values as YAML, and the mistake: the text at which its caret stands, where that is not the value, and its code. */
  readonly bad: readonly Wrong[];
  /** What else must be there. */
  readonly besides?: string;
}

type Code =
  | 'BadValue'
  | 'BadVariableName'
  | 'TemplateSyntax'
  | 'TemplatedKey'
  | 'ConditionSyntax'
  | 'UndefinedVariable'
  | 'UnknownKeyword'
  | 'UnknownModule'
  | 'UnknownRole'
  | 'UnknownHandler'
  | 'BadTask'
  | 'FileNotFound'
  | 'NotSupported';

const UNCLOSED = ['"{{ x"', 'this is not closed with }}', '{{ x', 'TemplateSyntax'] as const;
const UNKNOWN_EARLY = ['"{{ x }}"', '"x" is not defined', 'x }}', 'UndefinedVariable'] as const;
const BAD_BOOL: Case['bad'] = [
  ['maybe', 'takes true or false, not the text "maybe"'],
  ['2', 'takes true or false, not the number 2'],
  ['[true]', 'takes true or false, not a list'],
  ['{a: true}', 'takes true or false, not a mapping'],
  ['', 'takes true or false, not nothing'],
];
/** The words that Ansible takes, too. */
const GOOD_BOOL = ['true', 'false', 'yes', 'Off', '"no"', '1', '"0"', 'y', 'F'];

/** Rendered for each host. */
const BOOL: Case = { good: [...GOOD_BOOL, '"{{ x }}"'], bad: [...BAD_BOOL, UNCLOSED] };
/** Read before any host is known. */
const EARLY_BOOL: Case = { good: GOOD_BOOL, bad: [...BAD_BOOL, UNCLOSED, UNKNOWN_EARLY] };
const TASKS: Case = {
  good: ['[]', '', '[{debug: {}}]'],
  bad: [
    ['x', 'takes a list, not the text "x"'],
    ['{debug: {}}', 'takes a list, not a mapping'],
    ['[x]', 'is a mapping, not the text "x"', 'x', 'BadTask'],
  ],
};
const TEXT: Case = {
  good: ['x', '5', '"{{ x }}"'],
  bad: [
    ['', 'takes a text, not nothing'],
    ['[x]', 'takes a text, not a list'],
    ['{x: 1}', 'takes a text, not a mapping'],
    ['""', 'takes a text, not the text ""'],
    UNCLOSED,
  ],
};
const TEXTS: Case = {
  good: ['x', '[x, y]'],
  bad: [
    ['', 'takes a text, not nothing'],
    ['[[x]]', 'takes a text, not a list', '[x]'],
    ['{x: 1}', 'takes a text, not a mapping'],
  ],
};
const SECONDS: Case = {
  good: ['0', '1.5', '"30"', '"{{ x }}"'],
  bad: [
    UNCLOSED,
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
    ['a and b', 'conditions are written in CEL', 'and b', 'ConditionSyntax'],
    ['[a, b or c]', 'conditions are written in CEL', 'or c', 'ConditionSyntax'],
    ['a is defined', 'conditions are written in CEL', 'is defined', 'ConditionSyntax'],
    ['"{{ a }}"', 'conditions are written in CEL', '{{ a', 'ConditionSyntax'],
  ],
};
const NAME: Case = {
  good: ['x', '_x1'],
  bad: [
    ['1x', '"1x" cannot be the name of a variable', '1x', 'BadVariableName'],
    ['a-b', '"a-b" cannot be the name of a variable', 'a-b', 'BadVariableName'],
    ['in', '"in" has a meaning of its own in conditions', 'in', 'BadVariableName'],
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
      ['{a-b: 1}', '"a-b" cannot be the name of a variable', 'a-b', 'BadVariableName'],
      ['{a: "{{ x | upper }}"}', 'templates have no filters', 'x | upper', 'TemplateSyntax'],
      ['{a: {"{{ k }}": 1}}', 'keys are not rendered', '"{{ k', 'TemplatedKey'],
    ],
  },
  vars_files: {
    good: ['[]'],
    bad: [
      ['gone.yml', 'there is no file', 'gone', 'FileNotFound'],
      ['["{{ x }}.yml"]', '"x" is not defined', 'x }}', 'UndefinedVariable'],
      ['{a: 1}', 'takes a text, not a mapping'],
    ],
  },
  pre_tasks: TASKS,
  roles: {
    good: ['[]', ''],
    bad: [
      ['x', 'takes a list'],
      ['[gone]', 'there is no role "gone"', 'gone', 'UnknownRole'],
      ['[5]', 'there is no role "5"', '5', 'UnknownRole'],
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
      ['[1, x]', 'takes a number of hosts', 'x]'],
      UNKNOWN_EARLY,
    ],
  },
  max_fail_percentage: {
    good: ['0', '30', '30%', '33.3', '100'],
    bad: [
      ['101', 'takes a number from 0 to 100'],
      ['-1', 'takes a number'],
      ['many', 'takes a number'],
      ['', 'takes a number'],
      UNKNOWN_EARLY,
    ],
  },
  any_errors_fatal: EARLY_BOOL,
  order: {
    good: ['inventory', 'reverse_inventory', 'sorted', 'reverse_sorted', 'shuffle'],
    bad: [
      ['random', 'takes "inventory" or'],
      UNKNOWN_EARLY,
      ['[sorted]', 'takes "inventory" or'],
      ['', 'takes "inventory" or'],
    ],
  },
  strategy: {
    good: ['free', 'host_pinned'],
    bad: [['linear', 'takes "free" or'], ['debug', 'takes "free" or'], ['', 'takes "free" or'], UNKNOWN_EARLY],
  },
  gather_facts: EARLY_BOOL,
  force_handlers: EARLY_BOOL,
  connection: {
    good: ['ssh', 'local'],
    bad: [['docker', 'takes "ssh" or "local"'], UNKNOWN_EARLY, ['', 'takes "ssh" or']],
  },
  remote_user: TEXT,
  port: {
    good: ['22', '65535', '"2222"', '"{{ x }}"'],
    bad: [
      ['0', 'takes a whole number from 1 to 65535'],
      ['65536', 'takes a whole number'],
      ['22.5', 'takes a whole number'],
      ['ssh', 'takes a whole number'],
      ['', 'takes a whole number'],
      UNCLOSED,
    ],
  },
  module_defaults: {
    good: ['{}', '{debug: {msg: x}}', '{ansible.builtin.debug: {msg: x}}'],
    bad: [
      ['x', 'takes a mapping'],
      ['{debgu: {}}', 'there is no module "debgu" to give defaults to', 'debgu', 'UnknownModule'],
      ['{group/aws: {}}', 'groups of modules have no defaults', 'group', 'NotSupported'],
      ['{debug: x}', 'defaults of "debug" are a mapping', 'x'],
      ['{debug: {msg: "{{"}}', 'this is not closed with }}', '{{"', 'TemplateSyntax'],
    ],
  },
  become: BOOL,
  become_user: TEXT,
  become_method: {
    good: ['sudo', 'su', '"{{ x }}"'],
    bad: [
      ['[su]', 'takes a text'],
      ['doas', 'takes "sudo" or "su", not the text "doas"'],
      ['', 'takes "sudo" or "su", not nothing'],
      UNCLOSED,
    ],
  },
  tags: {
    good: ['x', '[x, y]', '"x,y"', '[always]'],
    bad: [
      ['{x: 1}', 'takes a text'],
      UNKNOWN_EARLY,
      ['', 'takes a text'],
      ['[x, [y]]', 'takes a text, not a list', '[y'],
    ],
  },
  environment: {
    good: ['{A: b}', '[{A: b}, "{{ env }}"]', '"{{ env }}"', ''],
    bad: [
      ['x', 'takes a mapping, not the text "x"'],
      ['A=b', 'takes a mapping, not the text "A=b"'],
      ['[x]', 'takes a mapping', 'x'],
      ['{A: "{{"}', 'this is not closed with }}', '{{"', 'TemplateSyntax'],
    ],
  },
  ignore_errors: BOOL,
  ignore_unreachable: BOOL,
  no_log: BOOL,
  diff: BOOL,
  check_mode: BOOL,
  run_once: BOOL,
  throttle: {
    good: ['0', '3', '"{{ x }}"'],
    bad: [
      UNCLOSED,
      ['', 'takes a whole number of at least 0, not nothing'],
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
      ['["{{"]', 'this is not closed with }}', '{{"', 'TemplateSyntax'],
    ],
  },
  loop_control: {
    besides: 'loop: [1]',
    good: ['{}', '{label: "{{ item }}", index_var: i, loop_var: one, pause: 0.5}', '{pause: "{{ x }}"}'],
    bad: [
      ['x', 'takes a mapping'],
      ['{labels: x}', '"labels" is not part of loop_control', 'labels', 'UnknownKeyword'],
      ['{extended: true}', '"extended" is not part of', 'extended', 'UnknownKeyword'],
      ['{label: [x]}', '"label" takes a text, not a list', '[x'],
      ['{label: "{{ x"}', 'this is not closed with }}', '{{ x', 'TemplateSyntax'],
      ['{index_var: 1x}', '"1x" cannot be the name of a variable', '1x', 'BadVariableName'],
      ['{index_var: "{{ x }}"}', '"x" is not defined', 'x }}', 'UndefinedVariable'],
      ['{loop_var: a-b}', '"a-b" cannot be', 'a-b', 'BadVariableName'],
      ['{loop_var: "{{ x }}"}', '"x" is not defined', 'x }}', 'UndefinedVariable'],
      ['{pause: soon}', 'takes a number of seconds', 'soon'],
      ['{pause: -1}', 'takes a number of seconds', '-1'],
    ],
  },
  until: {
    good: ['a == 1', 'true'],
    bad: [
      ['[a]', 'takes a condition, not a list'],
      ['', 'takes a condition'],
      ['a or b', 'conditions are written in CEL', 'or b', 'ConditionSyntax'],
    ],
  },
  retries: {
    besides: 'until: "true"',
    good: ['0', '5', '"{{ x }}"'],
    bad: [
      UNCLOSED,
      ['1.5', 'takes a whole number of at least 0'],
      ['', 'takes a whole number of at least 0, not nothing'],
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
      ['hh', 'no handler of this play is called "hh"', 'hh', 'UnknownHandler'],
      ['[h, hh]', 'no handler of this play is called "hh"', 'hh', 'UnknownHandler'],
      UNCLOSED,
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
      ['{msg: "{{"}', 'this is not closed with }}', '{{"', 'TemplateSyntax'],
      ['[{msg: x}]', 'takes a mapping, not a list'],
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
  const body = { block: 'block: [{debug: {}}]', import: 'import_role: {name: there}', task: 'debug: {}' }[place];
  return `- hosts: all\n  tasks:\n${one('    ', [body, keyword, besides])}\n${handlers}`;
}

const inPlace = (place: Place, name: string, value: string, besides?: string) =>
  mistakes({ 'site.yml': playbook(place, name, value, besides), 'roles/there/tasks/main.yml': '- debug: {}' });

/** `line:column` of a place in a keyword's value. */
function caretAt(text: string, name: string, offset: number): string {
  const start = new RegExp(`^[ -]*${name}: `, 'm').exec(text);
  const before = text.slice(0, (start?.index ?? 0) + (start?.[0].length ?? 0) + offset).split('\n');
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

const PLACES: readonly Place[] = ['play', 'role', 'import', 'block', 'task', 'handler'];

describe.each(Object.entries(CASES) as [KeywordName, Case][])('%s', (name, { good, bad, besides }) => {
  it('is taken wherever it can stand', async () => {
    const plays = KEYWORDS[name].on.flatMap((place) => good.map((value) => playbook(place, name, value, besides)));
    expect(await mistakes({ 'site.yml': plays.join('\n'), 'roles/there/tasks/main.yml': '' })).toEqual([]);
  });

  it.each(bad.map((wrong) => ({ wrong })))(`refuses $wrong wherever it can stand`, async ({ wrong }) => {
    const [value, message, at = value, code = 'BadValue'] = wrong;
    for (const place of KEYWORDS[name].on) {
      const caret = caretAt(playbook(place, name, value, besides), name, value.indexOf(at));

      const found = await inPlace(place, name, value, besides);

      expect([place, ...new Set(found)]).toEqual([place, expect.stringContaining(message)]);
      expect(found[0]).toMatch(new RegExp(`^${code} site.yml:${caret} .* \\(.+\\)$`, 's'));
    }
  });

  it('is refused where it cannot stand', async () => {
    for (const place of PLACES.filter((one) => !keywordsOn(one).includes(name))) {
      // A role is chosen by "name", too.
      if (place === 'role' && name === 'name') continue;
      const found = await inPlace(place, name, good[0] ?? '');
      expect([place, ...found]).toEqual([
        place,
        expect.stringMatching(
          new RegExp(`^MisplacedKeyword site.yml:\\d+:\\d+ "${name}" cannot stand on a.* \\(.+\\)$`),
        ),
      ]);
    }
  });
});
