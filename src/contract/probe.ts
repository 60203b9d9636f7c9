/**
 * What to read on a host. A probe is plain data: it can be stored, compared, sent and replayed, and naming one reads
 * nothing. Paths are absolute; under `kvmplay_root` the transport puts the root before them.
 */
export type Probe =
  | { readonly kind: 'file'; readonly path: string }
  /** Every regular file that matches a shell pattern (`*`, `?`, `[…]`); symlinks to files are followed. */
  | { readonly kind: 'glob'; readonly pattern: string }
  /** The names in a directory, sorted by code unit. */
  | { readonly kind: 'dir'; readonly path: string }
  /** Where a symbolic link points, unresolved. */
  | { readonly kind: 'link'; readonly path: string }
  /** What stands at a path: its type, mode, owner, group and size. */
  | { readonly kind: 'stat'; readonly path: string }
  /** The SHA-256 of a regular file's content as a text, in hex; symlinks are followed. */
  | { readonly kind: 'digest'; readonly path: string }
  /** A command that only reads: argv, never a shell string. It gets no input. `about`: how it is named to people, if not by argv. */
  | { readonly kind: 'command'; readonly argv: readonly string[]; readonly about?: string }
  /** The XML of one of libvirt's guests, without secrets: as it runs (`live`), or as it is defined (`config`). */
  | { readonly kind: 'domain'; readonly guest: string; readonly plane: 'live' | 'config' }
  /** All of them, as a glob's matches: `NAME/live` of those that run, `NAME/config` of those that are not transient. */
  | { readonly kind: 'domains' };

/** Probes by the name under which a module finds what was read. */
export type Probes = Readonly<Record<string, Probe>>;

export const file = (path: string): Probe => ({ kind: 'file', path });
export const glob = (pattern: string): Probe => ({ kind: 'glob', pattern });
export const dir = (path: string): Probe => ({ kind: 'dir', path });
export const link = (path: string): Probe => ({ kind: 'link', path });
export const stat = (path: string): Probe => ({ kind: 'stat', path });
export const digest = (path: string): Probe => ({ kind: 'digest', path });
export const domain = (guest: string, plane: 'live' | 'config'): Probe => ({ kind: 'domain', guest, plane });
export const domains: Probe = { kind: 'domains' };
export const command = (...argv: readonly string[]): Probe => ({ kind: 'command', argv });

/** The same key for the same probe, whoever made it: what caches and overlays are indexed by. */
export function probeKey(probe: Probe): string {
  switch (probe.kind) {
    case 'command':
      return `command ${JSON.stringify(probe.argv)}`;
    case 'glob':
      return `glob ${probe.pattern}`;
    case 'domain':
      return `domain ${probe.plane} ${probe.guest}`;
    case 'domains':
      return 'domains';
    default:
      return `${probe.kind} ${probe.path}`;
  }
}

/** How a probe is named to a person: its path, its pattern, its command line, a guest's name. */
export function probeName(probe: Probe): string {
  switch (probe.kind) {
    case 'command':
      return probe.about ?? probe.argv.join(' ');
    case 'glob':
      return probe.pattern;
    case 'domain':
      return `${probe.guest} (${probe.plane})`;
    case 'domains':
      return 'the guests of qemu:///system';
    default:
      return probe.path;
  }
}

/** The path under which one of many matches is read, and what would read that match alone. */
export const memberPath = (guest: string, plane: 'live' | 'config'): string => `${guest}/${plane}`;

export function memberProbe(probe: Probe, path: string): Probe {
  if (probe.kind !== 'domains') return file(path);
  const at = path.lastIndexOf('/');
  return domain(path.slice(0, at), path.slice(at + 1) === 'live' ? 'live' : 'config');
}
