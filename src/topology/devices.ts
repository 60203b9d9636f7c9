import { cpuSet, type Seen } from '../contract/index.ts';
import type { Device, Nic } from './model.ts';
import { DISK_DEPTHS, NIC_DEPTHS } from './probes.ts';

/** NICs with hardware behind them; bridges, bonds, taps and `lo` have none. */
export function readNics(seen: Seen): Nic[] {
  const nodes = nearest(seen, 'topology.nic_nodes', NIC_DEPTHS);
  const uevents = seen.has('topology.nic_drivers') ? byName(seen.files('topology.nic_drivers')) : new Map();
  return names(nodes, uevents).map((name) => {
    const uevent = uevents.get(name) ?? '';
    const driver = /^DRIVER=(\S+)$/m.exec(uevent)?.[1];
    return { name, node: nodes.get(name), irqs: irqsOf(seen, name, uevent), ...(driver !== undefined && { driver }) };
  });
}

export function readDisks(seen: Seen): Device[] {
  if (!seen.has('topology.disk_nodes_1')) return [];
  const nodes = nearest(seen, 'topology.disk_nodes', DISK_DEPTHS);
  return names(nodes).map((name) => ({ name, node: nodes.get(name) }));
}

/** A virtio device's interrupts are those of the PCI function above it; above a PCI function they are a bridge's. */
function irqsOf(seen: Seen, nic: string, uevent: string): number[] {
  const depth = /^(DRIVER=virtio|MODALIAS=virtio:)/m.test(uevent) ? 3 : 2;
  const probe = `topology.nic_irqs_${depth}`;
  if (!seen.has(probe)) return [];
  const mine = [...seen.files(probe).keys()].filter((path) => nameIn(path) === nic);
  return [...cpuSet(mine.map((path) => Number(path.slice(path.lastIndexOf('/') + 1))))];
}

/** The node that the nearest folder above tells; -1 is the kernel's word for none. */
function nearest(seen: Seen, probe: string, depths: readonly number[]): Map<string, number | undefined> {
  const found = new Map<string, number | undefined>();
  for (const depth of depths)
    for (const [name, content] of byName(seen.files(`${probe}_${depth}`)))
      if (found.get(name) === undefined) found.set(name, Number(content) >= 0 ? Number(content) : undefined);
  return found;
}

const nameIn = (path: string): string => /^\/sys\/(?:class\/net|block)\/([^/]+)\//.exec(path)?.[1] ?? '';

function byName(files: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...files].map(([path, content]) => [nameIn(path), content.trim()]));
}

const inOrder = new Intl.Collator('en', { numeric: true }).compare;

const names = (...maps: readonly ReadonlyMap<string, unknown>[]): string[] =>
  [...new Set(maps.flatMap((map) => [...map.keys()]))].sort(inOrder);
