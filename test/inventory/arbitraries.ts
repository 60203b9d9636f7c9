import fc from 'fast-check';

/** Files by path below a folder of their own, what to read there, and what to ask. */
export interface RandomCase {
  readonly files: Readonly<Record<string, string>>;
  readonly sources: readonly string[];
  readonly playbookDir?: string;
  readonly patterns: readonly { readonly pattern: string; readonly limit?: string }[];
}

const HOSTS = ['h1', 'h2', 'web1', 'web2', 'db-1', 'a.b.c', '10.0.0.1', 'x', '127.0.0.1', 'g2'];
const WRITTEN_HOSTS = [
  ...HOSTS,
  'n[1:3]',
  'n[01:04:2]',
  'r[a:c].d',
  'n[1:2]x[a:b]:2200',
  'h1:2222',
  '[::1]:22',
  'fe80::1',
  '10.0.0.[1:2]',
  'h[a:e:2]',
  'r[08:10]-[x:z:2].d',
  '2001:db8::[1:2]',
  '[2001:db8::a]:22',
  '"q 1"',
  'localhost',
  'g3',
  'Web1',
];
const ODD_HOSTS = [
  'n[3:1]',
  'n[01:9]',
  'x[c:a]',
  'a_',
  '-b',
  'web[1-3]',
  'h1:',
  'a|b[1:2]',
  'n[:2]',
  'é1',
  'n[0:6:4]',
  '[1:2]',
  'h1:0',
  'h1;x',
  'n[1:3:0]',
  'n[a:3]',
  'ungrouped',
  'web',
  'h#1',
];
const GROUPS = ['g1', 'g2', 'g3', 'g4', 'web', 'the-maid', 'r.1'];
const ANY_GROUP = [...GROUPS, 'all', 'ungrouped'];
const NAMES = ['v', 'w', 'ansible_port', 'ansible_host', 'groups', 'z-1'];

/** Texts at the borders between Python's literals and mere text. */
export const INI_VALUES = [
  ...[
    '',
    '1',
    '-1',
    '+1',
    '- 1',
    '--1',
    '007',
    '0o17',
    '0x1F',
    '0b11',
    '1_000',
    '1__0',
    '1.0',
    '1.',
    '.5',
    '1e3',
    '1E-5',
  ],
  ...[
    '1e400',
    '1e16',
    '123456789012345678901234567890',
    '0.00001',
    '-0',
    '-0.0',
    '1.5e300',
    '00',
    '0_0',
    '5L',
    '1j',
    '1+2j',
  ],
  ...[
    'True',
    'False',
    'None',
    'true',
    'yes',
    'null',
    '...',
    '()',
    '(1)',
    '(1,)',
    '1,2',
    '1,',
    ',',
    '[]',
    '[1, "a", None]',
  ],
  ...[
    '[1,]',
    '[,]',
    '{}',
    '{"a": 1}',
    '{"a": [1, {"b": 2.50}]}',
    '{1: 2, 10: 3, 9: 4}',
    '{"a": 1, 2: 3}',
    '{1, 2}',
    '{[1]}',
  ],
  ...[
    '{[1]: 2}',
    '{{ x }}',
    '{{ 1 }}',
    '{% if x %}',
    "'q'",
    '"q"',
    "'a' 'b'",
    "'it''s'",
    'r"a\\n"',
    '"a\\n"',
    '"\\x41"',
  ],
  ...[
    'b"x"',
    'f"x"',
    '"unclosed',
    "''",
    '"""x"""',
    '"\\q"',
    "'\\u00e9'",
    'a b',
    '1 # c',
    'a # c',
    'a#b',
    '10.0.0.1',
    '1:2',
  ],
  ...[
    '0-3,8',
    '2024-01-02',
    'a=b',
    '=',
    '\\',
    'a\\b',
    'é',
    '1 2',
    '(1',
    '1)',
    '-True',
    'not True',
    'lambda: 0',
    'set()',
    '[*[1]]',
  ],
  ...['~', '/etc/x', "a'b", 'inf', 'nan', '1if 1', '0xg', '1e', '"a" + "b"', '1 + 1', '-(1)', '[1 for x in y]'],
];

const YAML_VALUES = [
  ...[
    '1',
    '-1',
    '0755',
    '0o755',
    '0x1F',
    '0b1',
    '1_000',
    '1.0',
    '1e3',
    '1.5e+3',
    '.5',
    '.inf',
    '-.INF',
    '.nan',
    '190:20:30',
    '1:30.5',
  ],
  ...[
    'yes',
    'No',
    'on',
    'OFF',
    'y',
    'n',
    'true',
    'True',
    '~',
    'null',
    '',
    '"1"',
    "'yes'",
    '"a\\tb"',
    'plain text',
    '0-3,8',
  ],
  ...[
    '2024-01-02',
    '2001-12-14t21:59:43.10-05:00',
    '2001-12-14 1:02:03',
    '[1, 2.50, a]',
    '{a: 1, b: [x, ~]}',
    '{1: a, 10: b, 9: c}',
  ],
  ...[
    '{a: 1, 2: b}',
    '{yes: 1}',
    '"{{ x }}"',
    "!unsafe '{{ x }}'",
    '!unsafe [a, 1]',
    '12345678901234567890',
    '0.1',
    '1e400',
    '+1',
    '-0',
  ],
  ...[
    '"é\\u2028"',
    "'it''s'",
    '!vault abc',
    '!!str 5',
    '!!int "5"',
    '+.inf',
    '0',
    '00',
    '08',
    '1.',
    '-.5',
    '0.00001',
    '1.0e+20',
  ],
];

const pick = <T>(...from: readonly T[]) => fc.constantFrom(...from);
const rarely = <T>(often: fc.Arbitrary<T>, seldom: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: often, weight: 40 }, { arbitrary: seldom, weight: 1 });
const lines = (line: fc.Arbitrary<string>, most: number) =>
  fc.array(line, { maxLength: most }).map((all) => all.map((one) => `${one}\n`).join(''));

const host = rarely(pick(...WRITTEN_HOSTS), pick(...ODD_HOSTS));
const iniValue = pick(...INI_VALUES);
const shellWord = fc.oneof(
  iniValue,
  iniValue.map((value) => `"${value.replaceAll(/["\\]/g, '\\$&')}"`),
  iniValue.map((value) => `'${value}'`),
);
const comment = pick('', '', '', ' # comment', '   ', '\t# x');

const hostLine = fc
  .tuple(
    host,
    fc.array(fc.tuple(pick(...NAMES), rarely(fc.oneof(pick('1', 'a', "'b c'"), shellWord), shellWord)), {
      maxLength: 2,
    }),
    comment,
  )
  .map(([name, pairs, end]) => [name, ...pairs.map(([key, value]) => `${key}=${value}`)].join(' ') + end);
const variableLine = fc
  .tuple(pick(...NAMES, 'ansible_group_priority'), pick('=', ' = ', '= '), iniValue)
  .map(([name, equals, value]) =>
    name === 'ansible_group_priority' ? `${name}=${(value.length % 5) - 1}` : name + equals + value,
  );
const section = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(pick(...ANY_GROUP), comment, lines(hostLine, 4))
      .map(([name, end, body]) => `[${name}]${end}\n${body}`),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(rarely(pick(...GROUPS), pick(...ANY_GROUP)), lines(rarely(pick(...GROUPS), pick(...ANY_GROUP)), 3))
      .map(([name, body]) => `[${name}:children]\n${body}`),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(pick(...ANY_GROUP), lines(variableLine, 3)).map(([name, body]) => `[${name}:vars]\n${body}`),
  },
);
const declared = GROUPS.map((name) => `[${name}]\n`).join('');
const ini = fc
  .tuple(lines(hostLine, 2), fc.array(section, { maxLength: 6 }), rarely(fc.constant(declared), fc.constant('')))
  .map(([top, sections, last]) => `# inventory\n${top}${sections.join('\n')}${last}`);

const indented = (text: string, by = '  ') => text.replaceAll(/^(?=.)/gm, by);
const yamlVariables = fc
  .uniqueArray(fc.tuple(pick(...NAMES), pick(...YAML_VALUES)), { maxLength: 3, selector: ([name]) => name })
  .map((pairs) => pairs.map(([name, value]) => `${name}: ${value}\n`).join(''));
const yamlHosts = fc
  .uniqueArray(fc.tuple(host, yamlVariables), { maxLength: 3, selector: ([name]) => name })
  .map((hosts) => hosts.map(([name, body]) => `"${name}":\n${indented(body)}`).join(''));
const yamlGroup: (depth: number) => fc.Arbitrary<string> = (depth) =>
  fc
    .tuple(
      yamlHosts,
      yamlVariables,
      fc.integer({ min: -1, max: 4 }),
      depth > 0 ? yamlGroups(depth - 1) : fc.constant(''),
    )
    .map(([hosts, variables, priority, children]) => {
      const ranked = priority > 1 ? `ansible_group_priority: ${priority}\n${variables}` : variables;
      const part = (name: string, body: string) =>
        body === '' && name !== 'hosts' ? '' : `${name}:\n${indented(body)}`;
      return part('hosts', hosts) + part('vars', ranked) + part('children', children);
    });
const yamlGroups = (depth: number): fc.Arbitrary<string> =>
  fc
    .uniqueArray(fc.tuple(pick(...GROUPS), yamlGroup(depth)), { maxLength: 3, selector: ([name]) => name })
    .map((groups) => groups.map(([name, body]) => `${name}:\n${indented(body)}`).join(''));
const yaml = fc.tuple(yamlGroup(2), yamlGroups(1)).map(([all, others]) => `---\nall:\n${indented(all)}${others}`);

const variableFiles = (folder: string) =>
  fc.dictionary(
    fc
      .tuple(
        fc.oneof(
          pick(...ANY_GROUP).map((name) => `group_vars/${name}`),
          pick(...HOSTS).map((name) => `host_vars/${name}`),
        ),
        pick(
          '',
          '.yml',
          '.yaml',
          '.json',
          '.ini',
          '/a.yml',
          '/b',
          '/.hidden',
          '/c.txt',
          '/sub/d.yml',
          '/sub.d/e.yml',
          '/f~',
        ),
      )
      .map(([name, extension]) => `${folder}${name}${extension}`),
    yamlVariables,
    { maxKeys: 4, noNullPrototype: true },
  );

const PIECES = [
  ...HOSTS,
  ...ANY_GROUP,
  '*',
  'web*',
  'h?',
  '[gh]*',
  '[!g]*',
  '~^h',
  '~(web|db)',
  '*.c',
  'g*[0]',
  'web[0]',
  'all[1:2]',
];
const MORE_PIECES = [
  'all[-1]',
  'g1[0:0]',
  'all[2:]',
  'g2[9]',
  'web[1-2]',
  'nosuch',
  'localhost',
  '::1',
  'al*',
  'ungr*',
  'n1',
  'all[a:b]',
  '~[',
  '',
  'all[0:-1]',
  '*[1:]',
  '~[^gh[]',
  '~.*1$',
  '[hw]*[0]',
  'q 1',
  'r.1',
  '2001:db8::1',
  'web[',
];
const piece = fc.tuple(pick('', '', '', '&', '!'), pick(...PIECES, ...MORE_PIECES)).map(([sign, name]) => sign + name);
const pattern = fc
  .tuple(fc.array(piece, { minLength: 1, maxLength: 4 }), pick(':', ',', ', ', ':'))
  .map(([pieces, separator]) => pieces.join(separator));

const merge = (...all: readonly Readonly<Record<string, string>>[]): Record<string, string> => {
  const files: Record<string, string> = Object.assign({}, ...all);
  const names = Object.keys(files);
  // A file where another needs a folder cannot be.
  for (const name of names) if (names.some((other) => other.startsWith(`${name}/`))) delete files[name];
  return files;
};

/** An inventory script: groups in their long and short forms, hosts that are asked for one by one or in `_meta`. */
const scriptValue = pick<unknown>(1, 1.5, 'a', true, null, [1, 'b'], { c: 2.0 }, '{{ x }}', '');
const scriptVariables = fc.dictionary(pick(...NAMES), scriptValue, { maxKeys: 2, noNullPrototype: true });
const scriptHosts = fc.uniqueArray(pick(...HOSTS), { maxLength: 3 });
const scriptGroup = fc.oneof(
  { weight: 1, arbitrary: scriptHosts as fc.Arbitrary<unknown> },
  {
    weight: 4,
    arbitrary: fc.record(
      {
        hosts: scriptHosts,
        vars: fc
          .tuple(scriptVariables, fc.integer({ min: -1, max: 4 }))
          .map(([variables, rank]) => (rank > 1 ? { ...variables, ansible_group_priority: rank } : variables)),
        children: fc.uniqueArray(pick(...GROUPS), { maxLength: 2 }),
      },
      { requiredKeys: ['hosts'], noNullPrototype: true },
    ) as fc.Arbitrary<unknown>,
  },
);
const script = fc
  .tuple(
    fc.dictionary(pick(...ANY_GROUP), scriptGroup, { maxKeys: 5, noNullPrototype: true }),
    fc.option(fc.dictionary(pick(...HOSTS), scriptVariables, { maxKeys: 3, noNullPrototype: true })),
    scriptVariables,
  )
  .map(([groups, hostvars, ofHost]) => {
    const listed = JSON.stringify({ ...groups, ...(hostvars && { _meta: { hostvars } }) });
    const answer = (flag: string, json: string) => `${flag}) cat <<'END'\n${json}\nEND\n;;`;
    const answers = [answer('--list', listed), answer('--host', JSON.stringify(ofHost))];
    return `#!/bin/sh\ncase "$1" in\n${answers.join('\n')}\nesac\n`;
  });

const source = fc.oneof(
  script.map((text) => ({ files: { 'hosts.sh': text }, sources: ['hosts.sh'] })),
  fc.tuple(ini, script, yaml).map(([one, two, three]) => ({
    files: { 'inv/10-hosts': one, 'inv/20-script': two, 'inv/30.yml': three },
    sources: ['inv'],
  })),
  ini.map((text) => ({ files: { hosts: text }, sources: ['hosts'] })),
  yaml.map((text) => ({ files: { 'hosts.yml': text }, sources: ['hosts.yml'] })),
  fc
    .tuple(ini, yaml)
    .map(([one, two]) => ({ files: { 'a/hosts': one, 'b/hosts.yaml': two }, sources: ['a/hosts', 'b/hosts.yaml'] })),
  fc.tuple(ini, yaml, ini, ini).map(([a, b, c, d]) => ({
    files: { 'inv/10-hosts': a, 'inv/02-more.yml': b, 'inv/z.ini': c, 'inv/.x': 'no=', 'inv/sub/more': d },
    sources: ['inv'],
  })),
  fc
    .tuple(ini, fc.array(host, { minLength: 1, maxLength: 3 }))
    .map(([text, names]) => ({ files: { hosts: text }, sources: ['hosts', `${names.join(',')},`] })),
);

export const randomCase: fc.Arbitrary<RandomCase> = fc
  .tuple(
    source,
    fc.tuple(variableFiles(''), variableFiles('inv/'), variableFiles('a/'), variableFiles('play/')),
    fc.boolean(),
    fc.array(fc.tuple(pattern, fc.option(pattern, { nil: undefined, freq: 3 })), { minLength: 4, maxLength: 8 }),
  )
  .map(([{ files, sources }, folders, play, asked]) => ({
    files: merge(...folders, files),
    sources,
    ...(play && { playbookDir: 'play' }),
    patterns: asked.map(([one, limit]) => ({ pattern: one, ...(limit !== undefined && { limit }) })),
  }));
