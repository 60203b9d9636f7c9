import { domain, domains, type Probe, type Probes } from './probe.ts';
import { NotKnown, Problem } from './problem.ts';
import type { Reading } from './reading.ts';
import type { Seen } from './seen.ts';

/** In virsh's words. `live`: a guest as it runs. `config`: as it is defined, and will be when it is started again. */
export type GuestPlane = 'live' | 'config';

/** The XML of one guest on its planes, without secrets: libvirt leaves them out unless it is asked for them. */
export interface GuestXml {
  readonly name: string;
  /** Undefined when it does not run. */
  readonly live: string | undefined;
  /** Undefined when it is transient. */
  readonly config: string | undefined;
}

const GUESTS = 'guests';

/** What to read for all guests of a host: one frame, few processes. */
export const guestProbes: Probes = { [GUESTS]: domains };

/** The probe of one guest's XML on one plane: what a change of it targets. */
export const guestProbe = (name: string, plane: GuestPlane): Probe => domain(name, plane);

/** Why there is nobody on this host to ask for guests, where `guestsOf` is undefined. */
export function noGuestsHere(seen: Seen): string {
  const reading = seen.raw(GUESTS);
  return (reading.is === 'absent' ? reading.why : undefined) ?? 'there is no virsh on this host';
}

/** All guests by name, or undefined where there is no libvirt: no virsh, or nobody behind it and no guest. Throws `NotKnown`, and `Problem` when libvirt did not answer. */
export function guestsOf(seen: Seen): ReadonlyMap<string, GuestXml> | undefined {
  const reading = seen.raw(GUESTS);
  if (reading.is === 'absent' && reading.maybe !== undefined) throw new NotKnown(reading.maybe);
  if (reading.is === 'absent') return undefined;
  if (reading.is === 'unknown') throw new NotKnown(reading.because);
  if (reading.is !== 'files')
    throw new Problem(
      'NoLibvirt',
      `libvirt did not tell of its guests: ${reading.is === 'refused' ? reading.why : `it reads ${reading.is}`}`,
      'see whether `virsh -c qemu:///system list` works there as this user; libvirt waits for it where libvirtd.socket or virtqemud.socket is started',
    );
  const found = new Map<string, { live: string | undefined; config: string | undefined }>();
  for (const [path, one] of Object.entries(reading.files)) {
    const at = path.lastIndexOf('/');
    const name = path.slice(0, at);
    const guest = found.get(name) ?? { live: undefined, config: undefined };
    guest[path.slice(at + 1) as GuestPlane] = textOf(name, one);
    found.set(name, guest);
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, xml]) => [name, { name, ...xml }]));
}

function textOf(name: string, reading: Reading): string | undefined {
  if (reading.is === 'text') return reading.text;
  if (reading.is === 'absent') return undefined;
  if (reading.is === 'unknown') throw new NotKnown(reading.because);
  throw new Problem(
    'Unreadable',
    `cannot read the XML of the guest ${name}: ${'why' in reading ? reading.why : reading.is}`,
  );
}
