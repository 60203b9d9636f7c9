import { z } from 'zod';
import { dir, glob, type Probes, type Seen, selectedOf } from '../contract/index.ts';
import { readDisks, readNics } from '../topology/devices.ts';
import { deviceProbes, topologyProbes } from '../topology/index.ts';
import { defineFact, numberIn, wordIn } from './fact.ts';

const text = () => z.string().nullable();
const BLOCK = '/sys/block';
const NET = '/sys/class/net';

const probesNamed = (pattern: RegExp): Probes =>
  Object.fromEntries(Object.entries({ ...topologyProbes(), ...deviceProbes() }).filter(([name]) => pattern.test(name)));

const inOrder = new Intl.Collator('en', { numeric: true }).compare;

/** Files below each device, by the device's name. */
const filesOf = (folder: string, files: Readonly<Record<string, string>>): Probes =>
  Object.fromEntries(Object.entries(files).map(([name, path]) => [name, glob(`${folder}/*/${path}`)]));

function byDevice(seen: Seen, folder: string, name: string): ReadonlyMap<string, string> {
  const nameIn = (path: string) => path.slice(folder.length + 1).split('/')[0] ?? '';
  return new Map([...seen.files(name)].map(([path, content]) => [nameIn(path), content]));
}

const node = () => z.int().nullable().describe('The NUMA node that it hangs on');

export const block_devices = defineFact({
  name: 'block_devices',
  summary: 'Disks and what looks like one, partitions left out.',
  schema: z.array(
    z.object({
      name: z.string().describe('`sda`, `nvme0n1`, `dm-0`'),
      size_bytes: z.int().nullable().describe('Its size'),
      model: text().describe('What its vendor calls it'),
      rotational: z.boolean().nullable().describe('Whether it turns'),
      removable: z.boolean().nullable().describe('Whether it can be taken out'),
      read_only: z.boolean().nullable().describe('Whether nothing can be written to it'),
      scheduler: text().describe('What orders its requests now: `none`, `mq-deadline`'),
      sector_bytes: z.int().nullable().describe('What it takes at the least in one write'),
      node: node(),
    }),
  ),
  probes: {
    names: dir(BLOCK),
    ...probesNamed(/disk_nodes/),
    ...filesOf(BLOCK, {
      size: 'size',
      model: 'device/model',
      removable: 'removable',
      read_only: 'ro',
      rotational: 'queue/rotational',
      scheduler: 'queue/scheduler',
      sector: 'queue/logical_block_size',
    }),
  },
  read(seen) {
    const of = (name: string) => byDevice(seen, BLOCK, name);
    const [size, model, removable, ro] = ['size', 'model', 'removable', 'read_only'].map(of);
    const [rotational, scheduler, sector] = ['rotational', 'scheduler', 'sector'].map(of);
    const nodes = new Map(readDisks(seen).map((disk) => [disk.name, disk.node]));
    const yes = (said: string | undefined) => (said === undefined ? null : said.trim() === '1');
    return (seen.names('names') ?? []).toSorted(inOrder).map((name) => {
      // Sizes are in sectors of 512 bytes, whatever the disk has. Source: the kernel's Documentation/ABI/stable/sysfs-block.
      const sectors = numberIn(size?.get(name));
      const chosen = scheduler?.get(name);
      return {
        name,
        size_bytes: sectors === null ? null : sectors * 512,
        model: wordIn(model?.get(name)),
        rotational: yes(rotational?.get(name)),
        removable: yes(removable?.get(name)),
        read_only: yes(ro?.get(name)),
        scheduler: chosen === undefined ? null : wordIn(selectedOf(chosen)),
        sector_bytes: numberIn(sector?.get(name)),
        node: nodes.get(name) ?? null,
      };
    });
  },
});

export const network_devices = defineFact({
  name: 'network_devices',
  summary: 'Network interfaces, those without hardware (bridges, taps, `lo`) too.',
  schema: z.array(
    z.object({
      name: z.string().describe('`eno1`, `virbr0`'),
      physical: z.boolean().describe('Whether there is a device behind it that the kernel names'),
      address: text().describe('Its MAC address'),
      mtu: z.int().nullable().describe('Bytes in a packet at the most'),
      operstate: text().describe('`up`, `down`, `unknown`'),
      speed_mbit: z.int().nullable().describe('Mbit/s, where there is a link'),
      driver: text().describe('`ixgbe`, `virtio_net`'),
      node: node(),
      irqs: z.array(z.int()).describe('The numbers of its interrupts'),
    }),
  ),
  probes: {
    ...probesNamed(/nic_/),
    ...filesOf(NET, { address: 'address', mtu: 'mtu', operstate: 'operstate', speed: 'speed' }),
  },
  read(seen) {
    const of = (name: string) => byDevice(seen, NET, name);
    const [address, mtu, operstate, speed] = ['address', 'mtu', 'operstate', 'speed'].map(of);
    const nics = new Map(readNics(seen).map((nic) => [nic.name, nic]));
    const names = new Set([...nics.keys(), ...(address?.keys() ?? []), ...(mtu?.keys() ?? [])]);
    return [...names].sort(inOrder).map((name) => {
      const nic = nics.get(name);
      const mbit = numberIn(speed?.get(name));
      return {
        name,
        physical: nic !== undefined,
        address: wordIn(address?.get(name)),
        mtu: numberIn(mtu?.get(name)),
        operstate: wordIn(operstate?.get(name)),
        // -1 says that the driver does not know.
        speed_mbit: mbit !== null && mbit > 0 ? mbit : null,
        driver: nic?.driver ?? null,
        node: nic?.node ?? null,
        irqs: [...(nic?.irqs ?? [])],
      };
    });
  },
});
