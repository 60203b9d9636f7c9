import { type CpuSet, parseCpuSet } from './cpu-set.ts';
import { glob, type Probes } from './probe.ts';
import type { Seen } from './seen.ts';

/** Where libvirt says which CPUs the threads of a guest may run on: with cgroup v2, and with v1. */
const PINS = ['vcpu', 'emulator', 'iothread'].flatMap((thread) => [
  `/sys/fs/cgroup/machine.slice/*.scope/libvirt/${thread}*/cpuset.cpus`,
  `/sys/fs/cgroup/cpuset/machine.slice/*.scope/${thread}*/cpuset.cpus`,
  `/sys/fs/cgroup/cpuset/machine.slice/*.scope/libvirt/${thread}*/cpuset.cpus`,
]);

export const pinProbes: Probes = Object.fromEntries(PINS.map((pattern) => [pattern, glob(pattern)]));

/** CPUs that some threads of a running guest were given. What was given none of its own is not here. */
export interface GuestPin {
  readonly guest: string;
  /** `vcpu0`, `emulator`, `iothread1`. */
  readonly thread: string;
  readonly cpus: CpuSet;
}

export const guestPins = (seen: Seen): GuestPin[] =>
  PINS.flatMap((pattern) => [...seen.files(pattern)]).flatMap(([path, list]) => {
    const [, scope = '', thread = ''] = /\/machine-([^/]*)\.scope\/(?:libvirt\/)?([^/]+)\//.exec(path) ?? [];
    const cpus = parseCpuSet(list);
    return cpus.length === 0 ? [] : [{ guest: guestIn(scope), thread, cpus }];
  });

/** `qemu\x2d3\x2ddb` is db: systemd writes what is no letter or digit as a number. */
function guestIn(scope: string): string {
  const name = scope.replaceAll(/\\x([0-9a-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  return name.replace(/^[a-z]+-\d+-/, '');
}
