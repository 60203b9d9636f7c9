import { command, file, glob, type Probes, type Seen } from '../contract/index.ts';
import { topologyProbes } from '../topology/index.ts';

/** Guests that run, by name. Source: libvirt keeps the process of each in /run/libvirt/qemu. */
export const guestProbes: Probes = { pids: glob('/run/libvirt/qemu/*.pid') };

export type Pids = ReadonlyMap<string, number>;

export function pidsOf(seen: Seen): Pids {
  const found = [...seen.files('pids')].map(([path, text]): [string, number] => [
    path.slice(path.lastIndexOf('/') + 1, -'.pid'.length),
    Number(text),
  ]);
  return new Map(found.filter(([, pid]) => Number.isInteger(pid) && pid > 0));
}

/** What is read again and again while the interval lasts. */
export const sampleProbes = (pids: Pids): Probes => ({
  uptime: file('/proc/uptime'),
  stat: file('/proc/stat'),
  interrupts: file('/proc/interrupts'),
  domstats: command('virsh', '-q', '-r', '-c', 'qemu:///system', 'domstats', '--vcpu'),
  ...Object.fromEntries(
    [...pids].flatMap(([name, pid]) =>
      ['stat', 'status', 'schedstat'].map((kind) => [`${kind} of ${name}`, glob(`/proc/${pid}/task/*/${kind}`)]),
    ),
  ),
});

/** What is read once, at the end: a look through all of a guest's memory is not free. */
export const memoryProbes = (pids: Pids): Probes => ({
  ...topologyProbes(),
  ksm: glob('/sys/kernel/mm/ksm/*'),
  ...Object.fromEntries(
    [...pids].flatMap(([name, pid]) =>
      ['numa_maps', 'smaps_rollup', 'ksm_merging_pages'].map((kind) => [
        `${kind} of ${name}`,
        file(`/proc/${pid}/${kind}`),
      ]),
    ),
  ),
});
