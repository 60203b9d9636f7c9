import { type CpuSet, formatCpuSet, intersectionOf, parseCpuSet } from './cpu-set.ts';
import { file, type Probes } from './probe.ts';
import { Conflict, Problem } from './problem.ts';
import type { Seen } from './seen.ts';

/** Where `host_reserve` leaves its word on a host. Whoever tunes CPUs reads it there, so that no two can disagree. */
export const RESERVE_FILE = '/etc/kvmplay/host_reserve';

/** The host's own CPUs and the guests', of those that are online when it is written. One that is in neither is nobody's. */
export interface HostReserve {
  readonly host: CpuSet;
  readonly guests: CpuSet;
}

export const reserveProbes: Probes = { [RESERVE_FILE]: file(RESERVE_FILE) };

/** What is reserved, or undefined where nobody has said so. Throws `Problem` BadHostReserve. */
export function reserveOf(seen: Seen): HostReserve | undefined {
  const text = seen.textAt(RESERVE_FILE);
  if (text === undefined) return undefined;
  const of = (name: string): CpuSet => {
    const [, list] = new RegExp(`^${name}=(.*)$`, 'm').exec(text) ?? [];
    if (list === undefined)
      throw new Problem(
        'BadHostReserve',
        `${RESERVE_FILE} has no line "${name}="`,
        'have `host_reserve` write it anew, or remove the file',
      );
    return parseCpuSet(list);
  };
  return { host: of('host'), guests: of('guests') };
}

export const printReserve = ({ host, guests }: HostReserve): string =>
  `# Written by kvmplay (host_reserve): the CPUs of the host's own work, and those of its guests.
host=${formatCpuSet(host)}
guests=${formatCpuSet(guests)}
`;

/**
 * The CPUs of one side: those that are asked for, else what `host_reserve` says. Needs `reserveProbes`, and a module that
 * is `crossChecked`. Throws `Problem` NoReserve where nobody says anything, `Conflict` ReservedOtherwise where CPUs are
 * asked for that are the other side's.
 */
export function cpusFor(seen: Seen, side: keyof HostReserve, asked?: CpuSet): CpuSet {
  const reserve = reserveOf(seen);
  if (asked === undefined) {
    if (reserve) return reserve[side];
    const message = `nobody says which CPUs are the ${OF[side]}: there is no ${RESERVE_FILE}`;
    throw new Problem('NoReserve', message, 'put a task with `host_reserve` before this one, or give `cpus`');
  }
  const other = side === 'host' ? 'guests' : 'host';
  const theirs = reserve ? intersectionOf(asked, reserve[other]) : [];
  if (theirs.length > 0)
    throw new Conflict(
      'ReservedOtherwise',
      `CPUs ${formatCpuSet(asked)} are asked for as the ${OF[side]}, and host_reserve has ${formatCpuSet(theirs)} as the ${OF[other]}`,
      `leave \`cpus\` out, which takes what host_reserve says, or change host_reserve`,
    );
  return asked;
}

const OF = { host: "host's", guests: "guests'" } as const;
