import { command, file, glob, type Probes, type Seen } from '../contract/index.ts';
import { topologyProbes } from '../topology/index.ts';

/** Guests that run, by name. Source: libvirt keeps the process of each in /run/libvirt/qemu. */
export const guestProbes: Probes = { pids: glob('/run/libvirt/qemu/*.pid'), names: glob('/proc/[0-9]*/comm') };

export type Pids = ReadonlyMap<string, number>;

export function pidsOf(seen: Seen): Pids {
  const found = [...seen.files('pids')].map(([path, text]): [string, number] => [
    path.slice(path.lastIndexOf('/') + 1, -'.pid'.length),
    Number(text),
  ]);
  return new Map(found.filter(([, pid]) => Number.isInteger(pid) && pid > 0));
}

/** Processes of the kernel's own that carry guests' packets, by guest; since Linux 6.4 they are threads of the guest's. Source: vhost.c. */
export function vhostOf(seen: Seen, pids: Pids): Vhost {
  const names = [...seen.files('names')].map(([path, text]) => [Number(path.split('/')[2]), text.trim()] as const);
  return new Map(
    [...pids].map(([guest, pid]) => [guest, names.flatMap(([tid, name]) => (name === `vhost-${pid}` ? [tid] : []))]),
  );
}

export type Vhost = ReadonlyMap<string, readonly number[]>;

/** What is read again and again while the interval lasts. */
export const sampleProbes = (pids: Pids, vhost: Vhost = new Map()): Probes => ({
  uptime: file('/proc/uptime'),
  stat: file('/proc/stat'),
  interrupts: file('/proc/interrupts'),
  domstats: command('virsh', '-q', '-r', '-c', 'qemu:///system', 'domstats', '--vcpu'),
  ...Object.fromEntries(
    [...pids].flatMap(([name, pid]) =>
      ['stat', 'status', 'schedstat'].flatMap((kind) => [
        [`${kind} of ${name}`, glob(`/proc/${pid}/task/*/${kind}`)],
        ...(vhost.get(name) ?? []).map((tid) => [`${kind} of ${name}: ${tid}`, glob(`/proc/${tid}/task/*/${kind}`)]),
      ]),
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
