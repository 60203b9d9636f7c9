import { type Change, type Pending, type Probe, Problem, type Reading, type Seen } from '../../src/contract/index.ts';
import {
  byInterest,
  type Installed,
  installedProbes,
  isVersion,
  missing,
  namesOf,
  otherwise,
  type Params,
  queryOf,
} from './package_installed.ts';
import { type Kind, managed, newestOf, type Offer, offerProbes, refresh, type Wish } from './package_lists.ts';

export interface Context {
  readonly params: Params;
  readonly seen: Seen;
  readonly kind: Kind;
  /** What is there of those that are asked for plainly, and of those whose versions count. */
  readonly plain: Installed;
  readonly full: Installed;
  readonly offer: ((name: string) => Offer) | undefined;
}

/** The lists may be older than the repositories, so that this is no mistake yet. */
function unknownTo({ params, kind, offer }: Context, wishes: readonly Wish[]): { unforeseen?: string } {
  if (offer === undefined || params.update_cache) return {};
  const unknown = wishes.filter(({ name, version }) => {
    const { versions } = offer(name);
    return version === undefined ? versions.length === 0 : !versions.some((one) => isVersion(kind, one, version));
  });
  if (unknown.length === 0) return {};
  const names = unknown.map(({ name, version }) => (version === undefined ? name : `${name} ${version}`)).join(', ');
  return { unforeseen: `${kind} knows of no ${names}, as its lists are now` };
}

const targetOf = ({ params, seen, kind }: Context, part: 'plain' | 'full') => {
  const query = queryOf(kind, part);
  return { target: installedProbes(params)[query] as Probe, before: seen.raw(query) };
};

/** What dpkg or rpm will say of these. */
function told({ kind }: Context, asked: number, stdout: readonly string[]): Reading {
  const lacking = asked - new Set(stdout.map((line) => line.split(' ')[0])).size;
  const status = kind === 'apt' ? Math.min(lacking, 1) : lacking;
  return { is: 'output', status, stdout: stdout.map((line) => `${line}\n`).join(''), stderr: '' };
}

const STANDS_IN = 'the package manager did without an error; another package may stand in for it under another name';

/** Those that are not there, in whichever version can be had. */
export function install(context: Context): Change[] {
  const { params, kind, plain, offer } = context;
  const wanted = missing(params, plain);
  if (wanted.length === 0) return [];
  const names = wanted.map(({ name }) => name);
  const shown = wanted.map(({ name }) => {
    const version = params.update_cache ? undefined : newestOf(kind, offer?.(name).versions ?? []);
    return version === undefined ? name : `${name} ${version}`;
  });
  const { plain: asked } = byInterest(params);
  const after = asked.filter((name) => plain.has(name) || names.includes(name)).map((name) => `${name} installed`);
  return [
    {
      ...targetOf(context, 'plain'),
      plane: 'persistent',
      summary: `${shown.join(', ')}: not installed → installed`,
      after: told(context, asked.length, after),
      do: [...fetching(context), managed(kind, 'install', wanted, params.lock_timeout)],
      undo: [managed(kind, 'remove', wanted, params.lock_timeout)],
      impact: 'none',
      hints: { DidNotConverge: STANDS_IN },
      brings: `${names.join(', ')} would be installed`,
      ...unknownTo(context, wanted),
      ...(params.state === 'latest' && { disturbs: [targetOf(context, 'full').target] }),
    },
  ];
}

const fetching = ({ params, kind }: Context) => (params.update_cache ? [refresh(kind, params.lock_timeout)] : []);

export function remove(context: Context): Change[] {
  const { params, kind, plain, full, offer } = context;
  const names = namesOf(params).filter((name) => plain.has(name));
  if (names.length === 0) return [];
  requireFree(names, full);
  // The very versions that are there, where they can be had again.
  const back = names.map((name): Wish => {
    const version = full.get(name)?.versions.at(-1);
    return version !== undefined && offer?.(name).versions.includes(version) ? { name, version } : { name };
  });
  return [
    {
      ...targetOf(context, 'plain'),
      plane: 'persistent',
      summary: `${names.join(', ')}: installed → removed`,
      after: told(context, params.name.length, []),
      do: [managed(kind, 'remove', wishes(names), params.lock_timeout)],
      undo: [managed(kind, 'install', back, params.lock_timeout)],
      impact: 'none',
      disturbs: [targetOf(context, 'full').target],
    },
  ];
}

const wishes = (names: readonly string[]): Wish[] => names.map((name) => ({ name }));

/** Throws for what somebody has told dpkg to leave as it is. */
function requireFree(names: readonly string[], full: Installed): void {
  const held = names.filter((name) => full.get(name)?.held);
  if (held.length === 0) return;
  const each = held.map((name) => `${name} at ${full.get(name)?.versions.join(', ')}`).join(', ');
  throw new Problem('Held', `somebody has put these on hold: ${each}`, `apt-mark unhold ${held.join(' ')}`);
}

export function exact(context: Context): Change[] {
  const { params, kind, full, offer } = context;
  const wanted = otherwise(params, kind, full).map(({ name, version = '' }): Required<Wish> & { version: string } => ({
    name,
    version: offer?.(name).versions.find((one) => isVersion(kind, one, version)) ?? version,
  }));
  if (wanted.length === 0) return [];
  requireFree(
    wanted.map(({ name }) => name),
    full,
  );
  return [
    {
      ...move(context, wanted),
      do: [...fetching(context), managed(kind, 'install', wanted, params.lock_timeout)],
      brings: `${wanted.map(({ name, version }) => `${name} ${version}`).join(', ')} would be installed`,
      ...unknownTo(context, wanted),
    },
  ];
}

/** Those that are there in an older version than can be had. */
export function upgrade(context: Context): { changes: Change[]; pending: Pending[] } {
  const { params, kind, full, offer } = context;
  const found = [...full].map(([name, own]) => ({ name, own, offered: offer?.(name) }));
  const newer = found.flatMap(({ name, own, offered }) =>
    offered?.upgrade === undefined || own.held ? [] : [{ name, version: offered.upgrade }],
  );
  const pending = found.flatMap(({ name, own, offered }): Pending[] => {
    const version = own.held ? offered?.upgrade : offered?.kept;
    if (version === undefined) return [];
    const { target, before, after } = move(context, [{ name, version }]);
    const summary = `${name}: ${own.versions.at(-1)} → ${version}, which a hold, lock or exclusion on this host keeps away`;
    return [{ target, plane: 'persistent', summary, before, after, needs: 'manual' }];
  });
  if (newer.length === 0) return { changes: [], pending };
  const action = managed(kind, 'upgrade', wishes(newer.map(({ name }) => name)), params.lock_timeout);
  return { changes: [{ ...move(context, newer), do: [...fetching(context), action] }], pending };
}

/** From the versions that are there to others, and back where the old ones can still be had. */
function move(context: Context, wanted: readonly { readonly name: string; readonly version: string }[]) {
  const { params, kind, full, offer } = context;
  const coming = params.state === 'latest' ? missing(params, context.plain).map(({ name }) => name) : [];
  const to = new Map([
    ...coming.map((name) => [name, newestOf(kind, offer?.(name).versions ?? [])] as const),
    ...wanted.map(({ name, version }) => [name, version] as const),
  ]);
  const asked = byInterest(params).full;
  const after = asked.flatMap((name) => {
    const own = full.get(name);
    const versions = to.has(name) ? [to.get(name) ?? '?'] : (own?.versions ?? []);
    return versions.map((one) => `${name} installed ${one}${kind === 'apt' ? (own?.held ? ' hold' : ' install') : ''}`);
  });
  const old = wanted.flatMap(({ name }) => {
    const version = full.get(name)?.versions.at(-1);
    return version === undefined ? [] : [{ name, version }];
  });
  const fresh = wishes(wanted.map(({ name }) => name).filter((name) => !full.has(name)));
  const lost = old.filter(({ name, version }) => !offer?.(name).versions.includes(version));
  const undo: Change['undo'] =
    lost.length > 0
      ? { impossible: `${lost.map(({ name, version }) => `${name} ${version}`).join(', ')} cannot be had any more` }
      : [
          ...(fresh.length > 0 ? [managed(kind, 'remove', fresh, params.lock_timeout)] : []),
          ...(old.length > 0 ? [managed(kind, 'install', old, params.lock_timeout)] : []),
        ];
  const summaries = wanted.map(({ name, version }) => {
    const before = full.get(name)?.versions.at(-1) ?? 'not installed';
    return `${name}: ${before} → ${version}`;
  });
  return {
    ...targetOf(context, 'full'),
    plane: 'persistent',
    summary: summaries.join(', '),
    after: told(context, asked.length, after),
    undo,
    impact: 'none',
    ...(params.state === 'latest' && { disturbs: Object.values(offerProbes([kind], namesOf(params), true)) }),
  } satisfies Omit<Change, 'do'>;
}
