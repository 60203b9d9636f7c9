import { z } from 'zod';
import { integer, words } from '../../src/contract/fields.ts';
import { matches, Problem } from '../../src/contract/index.ts';
import {
  attributeOf,
  childOf,
  childrenOf,
  defineGuestModule,
  type Element,
  exampleGuest,
  type Field,
  type Guest,
  valueAt,
  vcpusOf,
} from '../../src/domain-xml/index.ts';

/** Those that QEMU serves by a tap device, which alone the kernel can take over. Source: qemuInterfaceOpenVhostNet. */
const BY_TAP = ['network', 'bridge', 'direct', 'ethernet'];

const ring = () =>
  z
    .union([z.literal('default'), integer(256, 1024)], { error: 'expected 256, 512, 1024 or default' })
    .refine((size) => size === 'default' || (size & (size - 1)) === 0, 'expected a power of two: 256, 512, 1024');

/** Of guests' interfaces. */
export const interfaceParams = {
  interfaces: words()
    .optional()
    .describe(
      'Interfaces of the guests by MAC address, network, bridge or host device, or patterns of those. Default: all that are virtio.',
    ),
  driver: z
    .enum(['vhost', 'qemu', 'default'])
    .optional()
    .describe(
      "Who carries a guest's packets: the kernel's `vhost`, or `qemu` itself. libvirt's default: vhost where it is there.",
    ),
  queues: z
    .union([z.literal(['vcpus', 'default']), integer(1, 256)], { error: 'expected a number, vcpus or default' })
    .optional()
    .describe('Queues of an interface, each with a vhost thread; `vcpus`: one for each vCPU, 8 at most.'),
  rx_queue_size: ring().optional().describe("Buffers of a queue to the guest: 256, 512 or 1024. QEMU's default: 256."),
  tx_queue_size: ring().optional().describe('Buffers of a queue from the guest; of vhost-user interfaces only.'),
  packed: z
    .enum(['on', 'off', 'default'])
    .optional()
    .describe('Whether rings are packed (virtio 1.1): fewer cache misses.'),
};
export const INTERFACE_KNOBS = ['driver', 'queues', 'rx_queue_size', 'tx_queue_size', 'packed'] as const;

type Params = z.infer<z.ZodObject<typeof interfaceParams>>;

/** More queues than this cost more memory and wake-ups than they carry packets. */
const MOST_QUEUES = 8;

/** The guests' side: the driver of each virtio interface. */
export const vhostNetGuests = defineGuestModule({
  name: 'vhost_net',
  summary: "How guests' packets are carried.",
  params: interfaceParams,
  asks: INTERFACE_KNOBS,
  owns: ['devices/interface/driver'],
  wants(given, guest) {
    const all = childrenOf(childOf(guest.domain, 'devices') ?? guest.domain, 'interface');
    const chosen = all.filter((one) => isMeant(one, given.interfaces));
    const unfit = chosen.flatMap((one) => unfitFor(one, given, guest.name) ?? []);
    // What was chosen by name is a mistake where it is not fit; of all, those that are fit are meant.
    if (given.interfaces && unfit[0] && guest.plane === 'config') throw unfit[0].problem;
    const fit = chosen.filter((one) => !unfit.some((other) => other.one === one));
    const notes = unfit.map(({ problem }) => `${problem.message}: left as it is`);
    if (chosen.length === 0) notes.push(`${guest.name}: has no such interface`);
    return { fields: fit.flatMap((one) => fieldsOf(one, given, guest)), notes };
  },
  examples: [
    {
      title: "Guests' packets by the kernel, a queue for each vCPU",
      params: { guests: 'all', driver: 'vhost', queues: 'vcpus', rx_queue_size: 1024 },
      host: {
        '/etc/libvirt/qemu/web1.xml': withInterfaces('config'),
        '/run/libvirt/qemu/web1.xml': withInterfaces('live'),
      },
    },
    {
      title: 'One interface, by its bridge, with packed rings',
      params: { guests: 'web1', interfaces: 'br0', driver: 'default', packed: 'on' },
      host: { '/etc/libvirt/qemu/web1.xml': withInterfaces('config') },
    },
    {
      title: 'A vhost-user interface of a switch in user space',
      params: { guests: 'web1', interfaces: '52:54:00:00:00:02', queues: 2, rx_queue_size: 1024, tx_queue_size: 1024 },
      host: { '/etc/libvirt/qemu/web1.xml': withInterfaces('config') },
    },
  ],
});

const typeOf = (one: Element): string => attributeOf(one, 'type') ?? '';
const nameOf = (one: Element): string =>
  `interface ${valueAt(one, 'mac/@address') ?? valueAt(one, 'target/@dev') ?? typeOf(one)}`;

function isMeant(one: Element, patterns: Params['interfaces']): boolean {
  if (patterns === undefined) return true;
  const paths = ['mac/@address', 'source/@network', 'source/@bridge', 'source/@dev', 'target/@dev', 'alias/@name'];
  const names = paths.flatMap((path) => valueAt(one, path) ?? []);
  return patterns.some((pattern) => names.some((name) => matches(pattern.toLowerCase(), name.toLowerCase())));
}

/** Why an interface cannot have what is asked for: libvirt or QEMU would refuse it when the guest is started. */
function unfitFor(one: Element, { driver, tx_queue_size: tx }: Params, name: string) {
  const who = `${name}, ${nameOf(one)}`;
  const type = typeOf(one);
  const model = valueAt(one, 'model/@type');
  const problem = (code: string, message: string, hint: string) => ({
    one,
    problem: new Problem(code, `${who}: ${message}`, hint),
  });
  if (!/^virtio/.test(model ?? ''))
    return problem(
      'NotVirtio',
      `only virtio interfaces have such a driver, and this one is ${model ?? "libvirt's default"}`,
      'make it one by `domain_xml`: `devices/interface[…]/model/@type`: virtio',
    );
  if (type === 'hostdev')
    return problem('NoVhostHere', 'it is a device of the host itself, and nobody carries its packets', 'leave it out');
  if (driver === 'vhost' && !BY_TAP.includes(type))
    return problem(
      'NoVhostHere',
      `the kernel carries packets of ${BY_TAP.join(', ')} interfaces, and this one is ${type}`,
      'leave it out: `interfaces`',
    );
  if (tx !== undefined && tx !== 'default' && type !== 'vhostuser')
    return problem(
      'NoTxQueueSize',
      `tx_queue_size is of vhostuser interfaces, and this one is ${type}`,
      'leave tx_queue_size out',
    );
  return undefined;
}

function fieldsOf(one: Element, given: Params, guest: Guest): Field[] {
  return INTERFACE_KNOBS.flatMap((knob): Field[] => {
    const asked = given[knob];
    if (asked === undefined) return [];
    const value = asked === 'vcpus' ? Math.min(vcpusOf(guest.domain), MOST_QUEUES) : asked;
    // One queue is what an interface has when nothing is said.
    const isDefault =
      value === 'default' || (knob === 'queues' && value === 1 && valueAt(one, 'driver/@queues') === undefined);
    return [
      {
        label: `${nameOf(one)} ${knob === 'driver' ? 'driver' : knob}`,
        at: one,
        path: `driver/@${knob === 'driver' ? 'name' : knob}`,
        value: isDefault ? null : String(value),
        absent: 'default',
      },
    ];
  });
}

function withInterfaces(plane: 'live' | 'config'): string {
  return exampleGuest(plane).replace(
    '    <graphics',
    `    <interface type='bridge'>
      <mac address='52:54:00:00:00:01'/>
      <source bridge='br0'/>
      <model type='virtio'/>
    </interface>
    <interface type='vhostuser'>
      <mac address='52:54:00:00:00:02'/>
      <source type='unix' path='/run/ovs/web1' mode='server'/>
      <model type='virtio'/>
    </interface>
    <graphics`,
  );
}
