import { NotKnown } from '../contract/index.ts';
import { type Inventory, layersOf } from '../inventory/index.ts';
import type { Enclosing, Play, Task } from '../playbook/types.ts';
import { type Position, UserError } from '../source/diagnostic.ts';
import { isSecret, type Node, toData } from '../source/node.ts';
import { type Binding, bindings, type Level, makeScope, type Scope } from '../template/index.ts';
import { isPassword } from './censor.ts';
import { tasksOf } from './steps.ts';

/** One place that gives a variable a value. */
export interface Origin {
  /** `host kvm1`, `group kvm`, `play`, `role defaults` */
  readonly level: string;
  /** Undefined for what kvmplay itself knows. */
  readonly at?: Position;
  /** As it is written, templates unrendered; undefined for secrets. */
  readonly written?: unknown;
}

/** A variable of a host, as all of a play or some tasks of it see it. */
export interface Explained {
  readonly name: string;
  readonly play?: Play;
  /** Tasks that see it so; none where the whole play does. */
  readonly tasks: readonly Task[];
  /** Undefined for secrets, and where there is an error. */
  readonly value?: unknown;
  readonly error?: string;
  readonly secret: boolean;
  /** The one that counts, then what it overrides, the stronger first. */
  readonly origins: readonly Origin[];
}

export interface ExplainJob {
  readonly inventory: Inventory;
  readonly host: string;
  /** Plays with this host among theirs. Without any, the inventory alone is asked. */
  readonly plays: readonly Play[];
  readonly extra: ReadonlyMap<string, Binding>;
  readonly magicOf: (play: Play | undefined) => ReadonlyMap<string, unknown>;
}

/** Where a variable of a host comes from, play by play; all that anybody wrote where none is named. */
export function explain(job: ExplainJob, wanted: string | undefined): readonly Explained[] {
  const plays = job.plays.length > 0 ? job.plays : [undefined];
  return plays.flatMap((play) => {
    const views = viewsOf(job, play);
    const written = views.flatMap(({ scope }) => scope.names()).filter((name) => !job.magicOf(play).has(name));
    const names = wanted === undefined ? [...new Set(written)].sort() : [wanted];
    return names.flatMap((name) => explainOne(name, play, views));
  });
}

interface View {
  readonly scope: Scope;
  readonly tasks: readonly Task[];
}

/** The variables as the play sees them, and as tasks do that have some of their own. */
function viewsOf(job: ExplainJob, play: Play | undefined): readonly View[] {
  const scopeOf = (around?: Enclosing) => makeScope(levelsOf(job, play, around));
  const all = play ? [...play.sections.flatMap((items) => [...tasksOf(items)]), ...play.handlers] : [];
  const places = new Map<Enclosing, Task[]>();
  for (const task of all) places.set(task.scope, [...(places.get(task.scope) ?? []), task]);
  return [
    { scope: scopeOf(), tasks: [] },
    ...[...places].map(([around, tasks]) => ({ scope: scopeOf(around), tasks })),
  ];
}

/** As the engine has them, but each place that gives variables by itself. */
function levelsOf(job: ExplainJob, play: Play | undefined, around: Enclosing | undefined): readonly Level[] {
  const { inventory, extra, magicOf } = job;
  const host = inventory.hosts.get(job.host);
  const each = (name: string, maps: readonly Node[]): Level[] => maps.map((map) => ({ name, vars: bindings([map]) }));
  const role = around?.role;
  return [
    ...each('role defaults', role?.defaults ?? []),
    ...(host ? layersOf(inventory, host) : []).map(({ level, owner, variables }) => ({
      name: `${level} ${owner}`,
      vars: new Map([...variables].map(([name, node]) => [name, { node }])),
    })),
    ...each('play', play?.vars ?? []),
    ...each('role vars', role?.vars ?? []),
    ...each('task', around?.vars ?? []),
    { name: 'extra', vars: extra },
    { name: 'magic', vars: new Map([...magicOf(play)].map(([name, data]) => [name, { data }])) },
  ];
}

/** Views that find a variable in the same places are one. */
function explainOne(name: string, play: Play | undefined, views: readonly View[]): readonly Explained[] {
  const distinct: { bound: readonly Binding[]; explained: Explained }[] = [];
  for (const { scope, tasks } of views) {
    const found = scope.find(name);
    const bound = found.map(({ binding }) => binding);
    if (bound.length === 0) continue;
    const same = distinct.find((one) => isSame(one.bound, bound));
    if (same) {
      const { explained } = same;
      if (explained.tasks.length > 0) same.explained = { ...explained, tasks: [...explained.tasks, ...tasks] };
      continue;
    }
    const origins = distinctOrigins(found.map(({ level, binding }) => originOf(name, level, binding)));
    const secret = isPassword(name) || bound.some((binding) => 'node' in binding && isSecret(binding.node));
    const value = secret ? {} : evaluated(name, scope, origins[0]?.at);
    distinct.push({ bound, explained: { name, ...(play && { play }), tasks, ...value, secret, origins } });
  }
  return distinct.map(({ explained }) => explained);
}

const placeOf = (binding: Binding): unknown => ('node' in binding ? binding.node : 'data');
const isSame = (a: readonly Binding[], b: readonly Binding[]): boolean =>
  a.length === b.length && a.every((one, index) => placeOf(one) === placeOf(b[index] ?? one));

function originOf(name: string, level: string, binding: Binding): Origin {
  if ('data' in binding) return { level };
  const { node } = binding;
  return { level, at: node.at, ...(!isPassword(name) && !isSecret(node) && { written: toData(node) }) };
}

/** A folder beside the inventory may be the one beside the playbook. */
const distinctOrigins = (origins: readonly Origin[]): readonly Origin[] => [
  ...new Map(origins.map((origin) => [JSON.stringify([origin.level, origin.at]), origin])).values(),
];

function evaluated(
  name: string,
  scope: Scope,
  at: Position = { file: 'explain', line: 1, column: 1 },
): Pick<Explained, 'value' | 'error'> {
  try {
    return { value: scope.lookup(name, at) };
  } catch (error) {
    if (error instanceof NotKnown) return { error: error.because };
    if (error instanceof UserError) return { error: error.diagnostics.map(({ message }) => message).join('; ') };
    throw error;
  }
}
