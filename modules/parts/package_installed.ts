import { command, type Probe, type Probes, Problem, type Seen } from '../../src/contract/index.ts';
import type { Kind, Wish } from './package_lists.ts';

/** What the module was asked for. */
export interface Params {
  readonly name: readonly string[];
  readonly state: 'present' | 'installed' | 'absent' | 'removed' | 'latest';
  readonly update_cache: boolean;
  readonly lock_timeout: number;
}

export const wishesOf = ({ name }: Params): Wish[] =>
  name.map((one) => {
    const [own = '', version] = one.split('=');
    return { name: own, version };
  });
export const namesOf = (params: Params): string[] => wishesOf(params).map(({ name }) => name);
export const isOut = ({ state }: Params): boolean => state === 'absent' || state === 'removed';

const DPKG = 'dpkg';
const RPM = 'rpm';
const DPKG_VERSIONS = 'versions of dpkg';
const RPM_VERSIONS = 'versions of rpm';

// biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own form of a placeholder.
const FORM = '${Package} ${db:Status-Status}\\n';
// biome-ignore lint/suspicious/noTemplateCurlyInString: the same.
const VERSIONS_FORM = '${Package} ${db:Status-Status} ${Version} ${db:Status-Want}\\n';
const RPM_FORM = '%{NAME} installed\\n';
const RPM_VERSIONS_FORM = '%{NAME} installed %{EVR}\\n';

/** Those of which it only matters whether they are there, and those whose versions count. */
export function byInterest(params: Params): { readonly plain: readonly string[]; readonly full: readonly string[] } {
  const names = namesOf(params);
  if (isOut(params) || params.state === 'latest') return { plain: names, full: names };
  const exact = wishesOf(params).filter(({ version }) => version !== undefined);
  return {
    plain: names.filter((name) => !exact.some((one) => one.name === name)),
    full: exact.map(({ name }) => name),
  };
}

const dpkgQuery = (form: string, names: readonly string[]): Probe => command('dpkg-query', '-W', '-f', form, ...names);
const rpmQuery = (form: string, names: readonly string[]): Probe => command('rpm', '-q', '--qf', form, ...names);

export function installedProbes(params: Params): Probes {
  const { plain, full } = byInterest(params);
  return {
    ...(plain.length > 0 && { [DPKG]: dpkgQuery(FORM, plain), [RPM]: rpmQuery(RPM_FORM, plain) }),
    ...(full.length > 0 && {
      [DPKG_VERSIONS]: dpkgQuery(VERSIONS_FORM, full),
      [RPM_VERSIONS]: rpmQuery(RPM_VERSIONS_FORM, full),
    }),
  };
}

interface Own {
  readonly versions: readonly string[];
  readonly held: boolean;
}
export type Installed = ReadonlyMap<string, Own>;

export const queryOf = (kind: Kind, part: 'plain' | 'full'): string =>
  kind === 'apt' ? { plain: DPKG, full: DPKG_VERSIONS }[part] : { plain: RPM, full: RPM_VERSIONS }[part];

export function installedIn(seen: Seen, kind: Kind, part: 'plain' | 'full'): Installed {
  const query = queryOf(kind, part);
  const found = new Map<string, Own>();
  if (!seen.has(query)) return found;
  const output = seen.output(query);
  if (!output) {
    const program = kind === 'apt' ? 'dpkg-query' : 'rpm';
    throw new Problem('NoPackages', `there is no ${program} on this host to ask what is installed`);
  }
  const unknown = output.stderr
    .split('\n')
    .filter((line) => line.trim() !== '' && !/no packages? found matching|is not installed/.test(line));
  if (unknown.length > 0) throw new Problem('Unreadable', `cannot tell what is installed: ${unknown[0]}`);
  for (const [, name = '', version, want] of output.stdout.matchAll(/^(\S+) installed(?: (\S+))?(?: (\S+))?$/gm)) {
    const before = found.get(name)?.versions ?? [];
    found.set(name, { versions: version === undefined ? before : [...before, version], held: want === 'hold' });
  }
  return found;
}

/** rpm's versions may be named without the release, and without the epoch. */
export function isVersion(kind: Kind, version: string, asked: string): boolean {
  if (kind === 'apt' || version === asked) return version === asked;
  const bare = version.replace(/^\d+:/, '');
  return [bare, bare.replace(/-[^-]*$/, ''), version.replace(/-[^-]*$/, '')].includes(asked);
}

export const missing = (params: Params, plain: Installed): Wish[] =>
  wishesOf(params).filter(({ name, version }) => version === undefined && !plain.has(name));

/** Those that are asked for in another version than there is. */
export const otherwise = (params: Params, kind: Kind, full: Installed): Wish[] =>
  wishesOf(params).filter(
    ({ name, version }) =>
      version !== undefined && !full.get(name)?.versions.some((own) => isVersion(kind, own, version)),
  );
