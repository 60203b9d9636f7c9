import { z } from 'zod';
import { flag } from '../src/contract/fields.ts';
import {
  type Action,
  type Change,
  command,
  defineModule,
  type Plan,
  type Probe,
  Problem,
  planOf,
  type Seen,
  stat,
} from '../src/contract/index.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9.+_-]*$/;
const one = z.string().regex(NAME, "expected a package's name, without a version or a pattern");

const Params = z.strictObject({
  name: z
    .union([one.transform((name) => [name]), z.array(one).min(1)], {
      error: 'expected the name of a package, or a list of names',
    })
    .describe('A package, or a list of them, which are dealt with in one go.'),
  state: z
    .enum(['present', 'installed', 'absent', 'removed', 'latest'])
    .prefault('present')
    .describe('Whether it shall be there. `latest`: in the newest version that the lists at hand know of (apt alone).'),
  update_cache: flag()
    .prefault(false)
    .describe('Whether the lists of packages are fetched anew before something is installed.'),
});
type Params = z.infer<typeof Params>;

/** The tools that install, by how they are found. */
const MANAGERS = [
  { at: '/usr/bin/apt-get', kind: 'apt' },
  { at: '/usr/bin/dnf', kind: 'dnf' },
  { at: '/usr/bin/zypper', kind: 'zypper' },
] as const;
type Kind = (typeof MANAGERS)[number]['kind'];

const DPKG = 'dpkg';
const RPM = 'rpm';
const POLICY = 'policy';

// biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own form of a placeholder.
const FORM = '${Package} ${db:Status-Status}\\n';
const dpkgProbe = ({ name }: Params): Probe => command('dpkg-query', '-W', '-f', FORM, ...name);
const rpmProbe = ({ name }: Params): Probe => command('rpm', '-q', '--qf', '%{NAME} installed\\n', ...name);
const policyProbe = ({ name }: Params): Probe => command('apt-cache', 'policy', ...name);

export const package_ = defineModule({
  name: 'package',
  summary: 'Have packages installed, or not: by apt, dnf or zypper.',
  notes: `
What is there is asked of dpkg or rpm, so that check mode needs no network. What else a package brings or takes along is up to the
package manager; undoing an installation removes the packages that were named, and leaves what they needed. Configuration files that
were changed on the host are kept. \`latest\` goes by the lists at hand, which \`update_cache\` fetches when something is installed.`,
  params: Params,
  reads: (params) => ({
    [DPKG]: dpkgProbe(params),
    [RPM]: rpmProbe(params),
    ...Object.fromEntries(MANAGERS.map(({ at }) => [at, stat(at)])),
    ...(params.state === 'latest' && { [POLICY]: policyProbe(params) }),
  }),
  plan(params, seen): Plan {
    const kind = MANAGERS.find(({ at }) => seen.stat(at) !== undefined)?.kind;
    if (kind === undefined) throw new Problem('NoPackages', 'there is neither apt-get, dnf nor zypper on this host');
    const query = kind === 'apt' ? DPKG : RPM;
    const installed = installedIn(seen, query);
    const isOut = params.state === 'absent' || params.state === 'removed';
    const moving = params.name.filter((name) => installed.has(name) === isOut);
    const moved = moving.length > 0 ? [move(params, seen, kind, query, installed, moving, isOut)] : [];
    const old = params.state === 'latest' ? upgrade(params, seen, kind, moving) : undefined;
    return planOf([...moved, ...(old ? [old] : [])]);
  },
  same: (_, a, b) => lines(a) === lines(b),
  examples: [
    {
      title: 'What a hypervisor needs, in one go',
      params: { name: ['numactl', 'tuned'], update_cache: true },
      host: { '/usr/bin/apt-get': '', '/var/lib/dpkg/status': installed('numactl', '2.0') },
    },
    {
      title: 'What it does not',
      params: { name: 'irqbalance', state: 'absent' },
      host: { '/usr/bin/dnf': '', '/var/lib/rpm/packages': 'irqbalance 1.9\n' },
    },
    {
      title: 'The newest version',
      params: { name: 'qemu-system-x86', state: 'latest' },
      host: { '/usr/bin/apt-get': '', '/var/lib/dpkg/status': installed('qemu-system-x86', '1.0') },
    },
  ],
});

/** What dpkg writes down of a package. */
function installed(name: string, version: string): string {
  return `Package: ${name}\nStatus: install ok installed\nVersion: ${version}\n\n`;
}

/** In whichever order they are printed; rpm has words for those that are not there. */
const lines = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/ is not installed$/.test(line))
    .sort()
    .join('\n');

function installedIn(seen: Seen, query: string): ReadonlySet<string> {
  const output = seen.output(query);
  if (!output)
    throw new Problem(
      'NoPackages',
      `there is no ${query === DPKG ? 'dpkg-query' : 'rpm'} on this host to ask what is installed`,
    );
  const unknown = output.stderr
    .split('\n')
    .filter((line) => line.trim() !== '' && !/no packages? found matching|is not installed/.test(line));
  if (unknown.length > 0) throw new Problem('Unreadable', `cannot tell what is installed: ${unknown[0]}`);
  return new Set([...output.stdout.matchAll(/^(\S+) installed$/gm)].map(([, name = '']) => name));
}

function move(
  params: Params,
  seen: Seen,
  kind: Kind,
  query: string,
  installed: ReadonlySet<string>,
  moving: readonly string[],
  isOut: boolean,
): Change {
  const after = params.name.filter((name) => (moving.includes(name) ? !isOut : installed.has(name)));
  const [verb, back] = isOut ? (['remove', 'install'] as const) : (['install', 'remove'] as const);
  const because = `${moving.join(', ')} would be installed`;
  return {
    target: query === DPKG ? dpkgProbe(params) : rpmProbe(params),
    plane: 'persistent',
    summary: `${moving.join(', ')}: ${isOut ? 'installed → removed' : 'not installed → installed'}`,
    before: seen.raw(query),
    after: {
      is: 'output',
      status: after.length === params.name.length ? 0 : kind === 'apt' ? 1 : params.name.length - after.length,
      stdout: after.map((name) => `${name} installed\n`).join(''),
      stderr: '',
    },
    do: [...(params.update_cache && !isOut ? [refresh(kind)] : []), by(kind, verb, moving)],
    undo: [by(kind, back, moving)],
    impact: 'none',
    hints: {
      DidNotConverge:
        'the package manager did without an error; another package may stand in for it under another name',
    },
    ...(!isOut && { brings: because }),
    ...(params.state === 'latest' && { disturbs: [policyProbe(params)] }),
  };
}

/** Those that are installed in an older version than the lists have. */
function upgrade(params: Params, seen: Seen, kind: Kind, moving: readonly string[]): Change | undefined {
  if (kind !== 'apt')
    throw new Problem(
      'NoLatest',
      'state: latest is offered with apt alone',
      'use state: present, and upgrade with command',
    );
  const output = seen.output(POLICY);
  if (!output) throw new Problem('NoPackages', 'there is no apt-cache on this host');
  const old = [...output.stdout.matchAll(/^(\S+):\n\s+Installed: (\S+)\n\s+Candidate: (\S+)/gm)]
    .map(([, name = '', now = '', candidate = '']) => ({ name, now, candidate }))
    .filter(
      ({ name, now, candidate }) =>
        !moving.includes(name) && now !== '(none)' && candidate !== '(none)' && now !== candidate,
    );
  if (old.length === 0) return undefined;
  const stdout = old.reduce(
    (text, { name, now, candidate }) =>
      text.replace(`${name}:\n  Installed: ${now}\n`, `${name}:\n  Installed: ${candidate}\n`),
    output.stdout,
  );
  return {
    target: policyProbe(params),
    plane: 'persistent',
    summary: old.map(({ name, now, candidate }) => `${name}: ${now} → ${candidate}`).join(', '),
    before: seen.raw(POLICY),
    after: { ...output, is: 'output', stdout },
    do: [
      ...(params.update_cache ? [refresh(kind)] : []),
      by(
        kind,
        'install',
        old.map(({ name }) => name),
      ),
    ],
    undo: { impossible: 'the older version may not be had any more' },
    impact: 'none',
  };
}

const KEEP = ['-o', 'Dpkg::Options::=--force-confdef', '-o', 'Dpkg::Options::=--force-confold'];
const exec = (...argv: readonly string[]): Action => ({ do: 'exec', argv, timeout: 1800 });

function by(kind: Kind, verb: 'install' | 'remove', names: readonly string[]): Action {
  if (kind === 'apt')
    return exec('env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-y', '-q', ...KEEP, verb, ...names);
  if (kind === 'dnf') return exec('dnf', '-y', '-q', verb, ...names);
  return exec('zypper', '--non-interactive', '--quiet', verb, ...names);
}

function refresh(kind: Kind): Action {
  if (kind === 'apt') return exec('apt-get', '-q', 'update');
  return kind === 'dnf'
    ? exec('dnf', '-q', 'makecache', '--refresh')
    : exec('zypper', '--non-interactive', '--quiet', 'refresh');
}
