import { type CpuSet, intersectionOf, parseCpuSet } from '../contract/index.ts';
import { placementSvg } from '../report/placement-svg.ts';
import { placementText } from '../report/placement-text.ts';
import { UserError } from '../source/diagnostic.ts';
import { autoReserve, placementJson, planPlacement, type Topology } from '../topology/index.ts';
import { EXIT } from './exit.ts';
import { readGuests, strangePins } from './guests-file.ts';
import { readTopology, type TopologyFlags, told } from './read-topology.ts';

export interface PlaceFlags extends TopologyFlags {
  readonly guests: string;
  readonly reserve?: string;
  readonly stability: 'sticky' | 'optimise';
  readonly minGain: number;
  readonly overcommit: number;
  readonly format: 'text' | 'json' | 'svg';
  readonly output?: 'text' | 'json' | 'svg';
}

/** `kvmplay place`. Gives the exit status: 2 where a guest has no place. */
export async function placeCommand(host: string | undefined, flags: PlaceFlags): Promise<number> {
  const file = readGuests(flags.guests);
  const { name, topology } = await readTopology(host, flags);
  const strange = strangePins(file, topology);
  if (strange.length > 0) throw new UserError(strange);
  const { stability, overcommit, minGain } = flags;
  const placement = told(() => {
    const reserve = reservedBy(flags.reserve, topology);
    return planPlacement(topology, file.guests, { reserve, stability, overcommit, minGain });
  });
  const form = flags.output ?? flags.format;
  if (form === 'json') process.stdout.write(`${JSON.stringify(placementJson(placement), null, 2)}\n`);
  else if (form === 'svg') process.stdout.write(placementSvg(name, topology, file.guests, placement));
  else process.stdout.write(placementText(name, file.guests, placement));
  return placement.feasible ? EXIT.ok : EXIT.failed;
}

function reservedBy(said: string | undefined, topology: Topology): CpuSet {
  const { reserve: written } = topology;
  if (said === undefined) return written ? intersectionOf(written.host, topology.cpus.online) : autoReserve(topology);
  if (said === 'none') return [];
  const [, count] = /^auto(?::(\d+))?$/.exec(said) ?? [];
  if (said.startsWith('auto') && (said === 'auto' || count !== undefined))
    return autoReserve(topology, count === undefined ? undefined : Number(count));
  return parseCpuSet(said);
}
