import {
  type Action,
  type Change,
  command,
  glob,
  type Probe,
  type Probes,
  Problem,
  type Seen,
} from '../../src/contract/index.ts';

const STALE = 'units that have changed';
/** Where drop-ins are put by hand: packages bring theirs to /usr/lib, and have systemd read them by themselves. */
const PLACES = ['/etc/systemd/system', '/run/systemd/system'];

const staleProbe = (name: string | undefined): Probe =>
  command('systemctl', 'show', '--property=Id,NeedDaemonReload,DropInPaths', name ?? '*');

const dropInsOf = (unit: string): string[] => PLACES.map((place) => `${place}/${unit}.d/*.conf`);

/** What tells whether systemd has read the files of one unit, or of all that it has loaded, as they are now. */
export const reloadProbes = (name: string | undefined): Probes => ({
  [STALE]: staleProbe(name),
  ...Object.fromEntries(dropInsOf(name ?? '*').map((pattern) => [pattern, glob(pattern)])),
});

/** Have systemd read its units' files again, where some have changed since it did. */
export function reloadUnits(seen: Seen, name: string | undefined): Change | undefined {
  const output = seen.output(STALE);
  if (!output) {
    seen.missing(STALE);
    throw new Problem('NoSystemd', 'there is no systemctl on this host');
  }
  const fresh = output.stdout
    .split('\n\n')
    .map((unit) => withDropIns(unit.replaceAll('NeedDaemonReload=yes', 'NeedDaemonReload=no'), seen, name))
    .join('\n\n');
  if (fresh === output.stdout) return undefined;
  const reload: Action = { do: 'exec', argv: ['systemctl', 'daemon-reload'], timeout: 180 };
  return {
    target: staleProbe(name),
    plane: 'live',
    summary: `${name ?? 'units'}: changed on disk → read again by systemd`,
    before: seen.raw(STALE),
    after: { ...output, is: 'output', stdout: fresh },
    do: [reload],
    undo: { impossible: 'systemd cannot be told to forget a unit file' },
    impact: 'none',
  };
}

/**
 * What systemctl shows of a unit when it has read its drop-ins. It does not say NeedDaemonReload of one in a directory that is new:
 * systemd remembers which directories there are (unit_path_cache in its src/core/unit.c).
 */
function withDropIns(shown: string, seen: Seen, name: string | undefined): string {
  const id = /^Id=(.*)$/m.exec(shown)?.[1];
  const known = /^DropInPaths=(.*)$/m.exec(shown)?.[1];
  if (id === undefined || known === undefined) return shown;
  const paths = known.split(' ').filter((path) => path !== '');
  const there = dropInsOf(name ?? '*')
    .flatMap((pattern) => [...seen.files(pattern).keys()])
    .filter((path) => path.split('/').at(-2) === `${id}.d`);
  const more = there.filter((path) => !paths.some((one) => fileName(one) === fileName(path)));
  return more.length === 0 ? shown : shown.replace(/^DropInPaths=.*$/m, `DropInPaths=${[...paths, ...more].join(' ')}`);
}

const fileName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** Whether two answers about stale units say the same. */
export const sameReload = (a: string, b: string): boolean => told(a) === told(b);

const told = (shown: string): string =>
  shown
    .split('\n')
    .filter((line) => /^(?:NeedDaemonReload|DropInPaths)=/.test(line))
    .map((line) => line.split(/[= ]/).sort().join(' '))
    .join('\n');
