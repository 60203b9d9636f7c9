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
  /** A command that only reads: argv, never a shell string. It gets no input. */
  | { readonly kind: 'command'; readonly argv: readonly string[] };

/** Probes by the name under which a module finds what was read. */
export type Probes = Readonly<Record<string, Probe>>;

export const file = (path: string): Probe => ({ kind: 'file', path });
export const glob = (pattern: string): Probe => ({ kind: 'glob', pattern });
export const dir = (path: string): Probe => ({ kind: 'dir', path });
export const link = (path: string): Probe => ({ kind: 'link', path });
export const stat = (path: string): Probe => ({ kind: 'stat', path });
export const command = (...argv: readonly string[]): Probe => ({ kind: 'command', argv });

/** The same key for the same probe, whoever made it: what caches and overlays are indexed by. */
export function probeKey(probe: Probe): string {
  switch (probe.kind) {
    case 'command':
      return `command ${JSON.stringify(probe.argv)}`;
    case 'glob':
      return `glob ${probe.pattern}`;
    default:
      return `${probe.kind} ${probe.path}`;
  }
}

/** How a probe is named to a person: its path, its pattern, or its command line. */
export function probeName(probe: Probe): string {
  if (probe.kind === 'command') return probe.argv.join(' ');
  return probe.kind === 'glob' ? probe.pattern : probe.path;
}
