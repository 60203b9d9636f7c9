import { Problem, type Seen, Unreachable } from '../contract/index.ts';
import { mistake, UserError } from '../source/diagnostic.ts';
import { readText } from '../source/read-text.ts';
import { buildTopology, deviceProbes, type Topology, topologyProbes } from '../topology/index.ts';
import { askHosts, look, withRoot } from './ask-hosts.ts';
import type { AskFlags } from './run-flags.ts';

/** Where a topology is had from: a host of the inventory, a directory that stands for a host's root, a JSON document. */
export interface TopologyFlags extends AskFlags {
  readonly root?: string;
  readonly topology?: string;
}

/** One host's topology, and what to call the host. Throws `UserError`, `Unreachable`. */
export async function readTopology(
  host: string | undefined,
  flags: TopologyFlags,
): Promise<{ readonly name: string; readonly topology: Topology }> {
  const sources = [host, flags.root, flags.topology].filter((one) => one !== undefined);
  if (sources.length !== 1)
    throw new UserError([
      mistake(
        'BadFlags',
        'name one machine: a host of the inventory, --root DIR or --topology FILE',
        undefined,
        sources.length === 0 ? 'such as `--root /`, which is this machine' : 'leave the others out',
      ),
    ]);
  if (flags.topology !== undefined) return { name: flags.topology, topology: await topologyIn(flags.topology) };
  if (flags.root !== undefined) return { name: flags.root, topology: await fromRoot(flags.root) };
  return fromHost(host ?? '', flags);
}

const probes = () => ({ ...topologyProbes(), ...deviceProbes() });

async function readFrom(seen: Seen): Promise<Topology> {
  const topology = told(() => buildTopology(seen));
  const states = seen.raw('topology.guests');
  if (states.is === 'files' && Object.values(states.files).some(({ is }) => is === 'refused'))
    process.stderr.write('note: only root may see which guests run here: try it with --become\n');
  if (seen.files('topology.guests').size === 0) return topology;
  // Reading XML takes a library that hosts without guests have no need of.
  const { readGuests } = await import('../topology/guests.ts');
  return { ...topology, guests: told(() => readGuests(seen, topology)) };
}

async function fromHost(pattern: string, flags: TopologyFlags) {
  const asked = await askHosts(pattern, flags, (remote) => look(remote, probes()));
  const [one, second] = asked;
  if (second)
    throw new UserError([mistake('SeveralHosts', `"${pattern}" names ${asked.length} hosts; one is expected here`)]);
  if (!one || 'error' in one) throw new Unreachable('Unreachable', one?.error.message ?? pattern, one?.error.hint);
  return { name: one.host, topology: await readFrom(one.answer) };
}

async function fromRoot(root: string): Promise<Topology> {
  return readFrom(await withRoot(root, (remote) => look(remote, probes())));
}

/** What a document tells. Throws `UserError`. */
export async function topologyIn(file: string): Promise<Topology> {
  // Checking documents takes a library that hosts have no need of.
  const { topologyFromJson } = await import('../topology/from-json.ts');
  return told(() => topologyFromJson(readText(file)), file);
}

/** What the topology or the planner refuses is told as a mistake: it comes from what the user gave. */
export function told<T>(say: () => T, where?: string): T {
  try {
    return say();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new UserError([
      mistake(error.code, where ? `${where}: ${error.message}` : error.message, undefined, error.hint),
    ]);
  }
}
