import { z } from 'zod';
import { integer, words } from '../src/contract/fields.ts';
import { matches, Problem } from '../src/contract/index.ts';
import {
  attributeOf,
  childOf,
  childrenOf,
  defineGuestModule,
  type Element,
  exampleGuest,
  type Field,
  type Guest,
  ioThreadsOf,
  valueAt,
} from '../src/domain-xml/index.ts';

const CACHES = ['default', 'none', 'writeback', 'writethrough', 'directsync', 'unsafe'] as const;
/** Those that go past the host's page cache (O_DIRECT): the only ones that Linux' own asynchronous I/O works with. */
const DIRECT: readonly string[] = ['none', 'directsync'];

const params = {
  disks: words().optional().describe('Disks by target or pattern: `vda`, `sd*`. Default: all.'),
  bus: words().optional().describe('Only disks on these buses: `virtio`, `scsi`, `sata` …'),
  device: z
    .array(z.enum(['disk', 'lun', 'cdrom', 'floppy']))
    .or(z.enum(['disk', 'lun', 'cdrom', 'floppy']).transform((one) => [one]))
    .prefault(['disk', 'lun'])
    .describe(
      'Only disks of these kinds. Drives with media that can be changed are left alone unless they are named here.',
    ),
  source: z
    .string()
    .min(1)
    .optional()
    .describe('Only disks whose file, block device or image matches this pattern: `/dev/vg0/*`.'),
  cache: z
    .enum(CACHES)
    .optional()
    .describe('What the host caches, and whether a guest’s flush reaches the disk. See above.'),
  io: z
    .enum(['default', 'native', 'threads', 'io_uring'])
    .optional()
    .describe(
      'How QEMU reads and writes: `native` (Linux AIO) needs cache none or directsync; `io_uring` QEMU 5.0 and Linux 5.1.',
    ),
  discard: z
    .enum(['default', 'unmap', 'ignore'])
    .optional()
    .describe('Whether what the guest trims is given back to the storage.'),
  detect_zeroes: z
    .enum(['default', 'off', 'on', 'unmap'])
    .optional()
    .describe('Whether writes of zeroes are written as holes; `unmap` gives them back, and needs discard unmap.'),
  iothread: z
    .union([z.literal('none'), integer(1, 65_535)])
    .optional()
    .describe('The IO thread that serves the disk, which the guest must have; virtio only.'),
  queues: z
    .union([z.literal('default'), integer(1, 256)])
    .optional()
    .describe('Queues of a virtio disk: as many as vCPUs is what QEMU takes by default since 5.2.'),
};

type Asked = {
  readonly [K in 'cache' | 'io' | 'discard' | 'detect_zeroes' | 'iothread' | 'queues']?: string | number | undefined;
};
type Choice = Pick<z.infer<z.ZodObject<typeof params>>, 'disks' | 'bus' | 'device' | 'source'>;

const KNOBS = ['cache', 'io', 'discard', 'detect_zeroes', 'iothread', 'queues'] as const;

export const disk_cache = defineGuestModule({
  name: 'disk_cache',
  summary: "How guests' disks are cached, read and written by the host.",
  notes: `
| cache | host page cache | guest's flush reaches the disk | for |
|---|---|---|---|
| \`none\` | passed by (O_DIRECT) | yes | block devices, and most files: no memory spent twice, migration works |
| \`writeback\` | used | yes | images that are read a lot, on hosts with memory to spare |
| \`writethrough\` | used for reads | every write is flushed | guests that never flush: slow |
| \`directsync\` | passed by | every write is flushed | the same without the page cache: slowest |
| \`unsafe\` | used | **no** | guests that may be lost: after a crash or power failure of the host nothing of them can be trusted |

A guest's file systems order their writes by flushes (barriers). All caches but \`unsafe\` honour those, so \`writeback\` loses no more than
a disk with a cache of its own would. Nothing of this can be changed while a guest runs: it is set for the next start, and until the guest has been
shut down and started again (a reboot inside is not enough) it is told as pending.`,
  params,
  asks: KNOBS,
  check: refused,
  owns: ['devices/disk/driver'],
  wants(given, guest) {
    const disks = childrenOf(childOf(guest.domain, 'devices') ?? guest.domain, 'disk').filter((disk) =>
      isMeant(disk, given),
    );
    const fields = disks.flatMap((disk) => fieldsOf(disk, given, guest));
    const name = `${guest.name}: `;
    const notes = disks.length === 0 ? [`${name}has no such disk`] : [];
    const lost = disks.filter((disk) => (given.cache ?? driverOf(disk, 'cache')) === 'unsafe').map(targetOf);
    if (lost.length > 0)
      notes.push(`${name}cache unsafe on ${lost.join(', ')}: when the host crashes, what is on it is lost`);
    return { fields, notes };
  },
  examples: [
    {
      title: 'Past the page cache, by Linux AIO, for all disks',
      params: { guests: 'all', cache: 'none', io: 'native', discard: 'unmap' },
      host: { '/etc/libvirt/qemu/web1.xml': exampleGuest('config') },
    },
    {
      title: 'One disk of a running guest on an IO thread of its own',
      params: { guests: 'web1', disks: 'vda', iothread: 1, queues: 2 },
      host: {
        '/etc/libvirt/qemu/web1.xml': exampleGuest('config'),
        '/run/libvirt/qemu/web1.xml': exampleGuest('live'),
      },
    },
    {
      title: 'Images in one folder of the guests with a tag',
      params: {
        tag: 'scratch',
        device: ['disk'],
        bus: 'virtio',
        source: '/var/lib/libvirt/images/*',
        cache: 'unsafe',
        detect_zeroes: 'on',
      },
      host: { '/etc/libvirt/qemu/web1.xml': exampleGuest('config') },
    },
  ],
});

const driverOf = (disk: Element, knob: string): string | undefined => valueAt(disk, `driver/@${knob}`);
const targetOf = (disk: Element): string => valueAt(disk, 'target/@dev') ?? 'a disk';
const busOf = (disk: Element): string => valueAt(disk, 'target/@bus') ?? '';

function isMeant(disk: Element, { disks, bus, device, source }: Choice): boolean {
  // vhost-user: another process has the disk, QEMU caches nothing.
  if (attributeOf(disk, 'type') === 'vhostuser') return false;
  const kind = attributeOf(disk, 'device') ?? 'disk';
  const at = childOf(disk, 'source');
  const sources = ['file', 'dev', 'name', 'dir', 'volume'].map((name) => at && attributeOf(at, name));
  return (
    device.some((one) => one === kind) &&
    (disks === undefined || disks.some((pattern) => matches(pattern, targetOf(disk)))) &&
    (bus === undefined || bus.includes(busOf(disk))) &&
    (source === undefined || sources.some((one) => one !== undefined && matches(source, one)))
  );
}

function fieldsOf(disk: Element, asked: Asked, guest: Guest): Field[] {
  if (guest.plane === 'config') refuse(disk, asked, guest);
  return KNOBS.flatMap((knob): Field[] => {
    const value = asked[knob];
    if (value === undefined) return [];
    const none = knob === 'iothread' ? 'none' : 'default';
    return [
      {
        label: `disk ${targetOf(disk)} ${knob}`,
        at: disk,
        path: `driver/@${knob}`,
        value: value === none ? null : String(value),
        absent: none,
      },
    ];
  });
}

/** What no disk can have, whatever it has now. */
function refused({ cache, io, discard, detect_zeroes: zeroes }: Asked): string | undefined {
  if (io === 'native' && cache !== undefined && !DIRECT.includes(String(cache)))
    return `io native needs cache none or directsync, not ${cache}`;
  if (zeroes === 'unmap' && discard !== undefined && discard !== 'unmap')
    return `detect_zeroes unmap needs discard unmap, not ${discard}`;
  return undefined;
}

/** What libvirt or QEMU would refuse together with what the disk has, or take and not do. */
function refuse(disk: Element, asked: Asked, { name, domain }: Guest): void {
  const then: Asked = Object.fromEntries(KNOBS.map((knob) => [knob, asked[knob] ?? driverOf(disk, knob) ?? 'default']));
  const who = `${name}, disk ${targetOf(disk)}`;
  const given = KNOBS.filter(
    (knob) => asked[knob] !== undefined && asked[knob] !== 'default' && asked[knob] !== 'none',
  );
  const touches = (...knobs: (typeof KNOBS)[number][]) => knobs.some((knob) => asked[knob] !== undefined);
  const why = touches('cache', 'io', 'discard', 'detect_zeroes') ? refused(then) : undefined;
  if (why !== undefined) throw new Problem('BadDiskOptions', `${who}: ${why}`, 'ask for both in one task');
  for (const knob of ['iothread', 'queues'] as const)
    if (given.includes(knob) && busOf(disk) !== 'virtio')
      throw new Problem(
        'NotVirtio',
        `${who}: ${knob} is for virtio disks, and this one is on ${busOf(disk) || 'another bus'}`,
        'choose disks with `bus: virtio`',
      );
  if (typeof asked.iothread === 'number' && childOf(childOf(disk, 'driver'), 'iothreads'))
    throw new Problem(
      'SeveralIothreads',
      `${who}: its queues are given to several IO threads, <driver><iothreads>, and one beside them libvirt does not take`,
      'take those out first: `domain_xml`',
    );
  if (typeof asked.iothread === 'number' && !ioThreadsOf(domain).includes(asked.iothread))
    throw new Problem(
      'NoSuchIothread',
      `${who}: the guest has no IO thread ${asked.iothread}`,
      'give it one: <iothreads>',
    );
}
