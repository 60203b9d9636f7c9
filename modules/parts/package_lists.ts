import { type Action, command, type Probe, type Probes, Problem, type Seen } from '../../src/contract/index.ts';

/** The tools that install, by how they are found. */
export const MANAGERS = [
  { at: '/usr/bin/apt-get', kind: 'apt' },
  { at: '/usr/bin/dnf', kind: 'dnf' },
  { at: '/usr/bin/zypper', kind: 'zypper' },
] as const;
export type Kind = (typeof MANAGERS)[number]['kind'];

/** What a manager's lists at hand offer of one package. */
export interface Offer {
  /** All versions that can be had, of which an older one is put back. */
  readonly versions: readonly string[];
  /** The newer one that would be installed over what there is. */
  readonly upgrade: string | undefined;
  /** A newer one that a lock or an exclusion keeps away. */
  readonly kept: string | undefined;
}

const ZYPPER = ['zypper', '--non-interactive', '--quiet', '--no-refresh', '--xmlout'] as const;
const DNF_FORM = ['--qf', '%{name} %{evr}'] as const;
const NEWER = ['repoquery', '--upgrades', '--latest-limit=1', ...DNF_FORM] as const;
const UNLOCKED = ['--disableexcludes=all', '--disableplugin=versionlock'] as const;

const VERSIONS = 'versions offered';
const UPGRADES = 'upgrades offered';
const KEPT = 'upgrades offered without locks';

/** Of versions as they are offered. dnf lists them from old to new. */
export const newestOf = (kind: Kind, versions: readonly string[]): string | undefined =>
  kind === 'dnf' ? versions.at(-1) : versions[0];

/** Commands that read the lists as they are, and fetch nothing. */
const offerCommands = (names: readonly string[]): Record<Kind, Readonly<Record<string, Probe>>> => ({
  apt: { [VERSIONS]: command('apt-cache', 'policy', ...names) },
  dnf: {
    [VERSIONS]: command('dnf', '-C', 'repoquery', ...DNF_FORM, ...names),
    [UPGRADES]: command('dnf', '-C', ...NEWER, ...names),
    [KEPT]: command('dnf', '-C', ...UNLOCKED, ...NEWER, ...names),
  },
  zypper: {
    [VERSIONS]: command(...ZYPPER, 'search', '--details', '--match-exact', '--type', 'package', ...names),
    [UPGRADES]: command(...ZYPPER, 'list-updates', '--type', 'package'),
    [KEPT]: command(...ZYPPER, 'list-updates', '--all', '--type', 'package'),
  },
});

const nameOf = (kind: Kind, name: string): string => `${kind}: ${name}`;

/** What tells which versions can be had, of one manager; and which of them is an upgrade. */
export function offerProbes(kinds: readonly Kind[], names: readonly string[], upgrades: boolean): Probes {
  const all = offerCommands(names);
  return Object.fromEntries(
    kinds.flatMap((kind) =>
      Object.entries(all[kind])
        .filter(([name]) => upgrades || name === VERSIONS)
        .map(([name, probe]) => [nameOf(kind, name), probe] as const),
    ),
  );
}

export const hasOffers = (seen: Seen, kind: Kind): boolean => seen.has(nameOf(kind, VERSIONS));

/** Throws for lists of dnf's that were never fetched: it would say that there is nothing newer. */
export function offersOf(seen: Seen, kind: Kind): (name: string) => Offer {
  const outputOf = (name: string): string => {
    const output = seen.has(nameOf(kind, name)) ? seen.output(nameOf(kind, name)) : undefined;
    const unfetched = /no cache for '([^']+)'/.exec(output?.stderr ?? '')?.[1];
    if (unfetched !== undefined && name !== VERSIONS)
      throw new Problem('NoLists', `dnf has no list of the repository ${unfetched} yet`, 'run dnf makecache before');
    return output?.stdout ?? '';
  };
  const versions = outputOf(VERSIONS);
  if (kind === 'apt') return (name) => aptOffer(versions, name);
  const read = kind === 'dnf' ? dnfVersions : zypperVersions;
  const [upgrades, unlocked] = [outputOf(UPGRADES), outputOf(KEPT)];
  return (name) => {
    const [upgrade, newest] = [read(upgrades, name)[0], read(unlocked, name)[0]];
    return { versions: read(versions, name), upgrade, kept: newest === upgrade ? undefined : newest };
  };
}

/** Source: apt-cache(8); in its table a version is indented by five columns, or marked `***`, and its sources by eight. */
function aptOffer(policy: string, name: string): Offer {
  const own = policy.split(/^(?=\S+:$)/m).find((part) => part.startsWith(`${name}:\n`)) ?? '';
  const [, installed = '(none)', candidate = '(none)'] = /^ {2}Installed: (\S+)\n {2}Candidate: (\S+)/m.exec(own) ?? [];
  const table = [...own.matchAll(/^ (?:\*\*\*| {3}) (\S+) .*((?:\n {8}.*)*)/gm)];
  const versions = table
    .filter(([, , sources = '']) => / (?!\/var\/lib\/dpkg)\S+[:/]/.test(sources))
    .map(([, one = '']) => one);
  const isNewer = candidate !== '(none)' && installed !== '(none)' && candidate !== installed;
  const first = candidate === '(none)' ? [] : [candidate];
  return { versions: [...new Set([...first, ...versions])], upgrade: isNewer ? candidate : undefined, kept: undefined };
}

const dnfVersions = (listed: string, name: string): string[] =>
  listed.split('\n').flatMap((line) => (line.startsWith(`${name} `) ? [line.slice(name.length + 1).trim()] : []));

const zypperVersions = (xml: string, name: string): string[] =>
  [...xml.matchAll(/<(?:solvable|update) [^>]*>/g)]
    .filter(([element]) => attribute(element, 'name') === name && attribute(element, 'kind') === 'package')
    .filter(([element]) => attribute(element, 'repository') !== '(System Packages)')
    .flatMap(([element]) => attribute(element, 'edition') ?? []);

const attribute = (element: string, name: string): string | undefined =>
  new RegExp(` ${name}="([^"]*)"`).exec(element)?.[1];

/** Without a terminal between, what dpkg and the packages' scripts say of errors is told apart from what they do. */
const KEEP = ['Dpkg::Options::=--force-confdef', 'Dpkg::Options::=--force-confold', 'Dpkg::Use-Pty=0'].flatMap(
  (one) => ['-o', one],
);

export interface Wish {
  readonly name: string;
  readonly version?: string | undefined;
}

/** The action that installs or removes, or brings to a newer version. `wait`: seconds to wait for another that does the same. */
export function managed(
  kind: Kind,
  verb: 'install' | 'remove' | 'upgrade',
  wishes: readonly Wish[],
  wait: number,
): Action {
  const specs = wishes.map(({ name, version }) =>
    version === undefined ? name : `${name}${kind === 'dnf' ? '-' : '='}${version}`,
  );
  const exact = wishes.some(({ version }) => version !== undefined);
  if (kind === 'dnf') return exec('dnf', '-y', '-q', verb, ...specs);
  if (kind === 'zypper') {
    const own = verb === 'upgrade' ? 'update' : verb;
    return exec(
      ...['env', `ZYPP_LOCK_TIMEOUT=${wait}`, 'zypper', '--non-interactive', '--quiet', own],
      ...(exact ? ['--oldpackage'] : []),
      ...specs,
    );
  }
  return exec(
    ...['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-y', '-q', ...KEEP, '-o', `DPkg::Lock::Timeout=${wait}`],
    ...(exact ? ['--allow-downgrades'] : []),
    verb === 'upgrade' ? 'install' : verb,
    ...specs,
  );
}

export function refresh(kind: Kind, wait: number): Action {
  if (kind === 'apt') return exec('apt-get', '-q', '-o', `DPkg::Lock::Timeout=${wait}`, 'update');
  return kind === 'dnf'
    ? exec('dnf', '-q', 'makecache', '--refresh')
    : exec('env', `ZYPP_LOCK_TIMEOUT=${wait}`, 'zypper', '--non-interactive', '--quiet', 'refresh');
}

const exec = (...argv: readonly string[]): Action => ({ do: 'exec', argv, timeout: 1800 });
