import { z } from 'zod';
import { flag, planes } from '../src/contract/fields.ts';
import { defineModule } from '../src/contract/index.ts';
import { guestParams } from '../src/domain-xml/index.ts';
import { INTERFACE_KNOBS, interfaceParams, vhostNetGuests } from './parts/vhost_net_guests.ts';
import { hostParams, vhostNetHost } from './parts/vhost_net_host.ts';

const OF_HOST = [...Object.keys(hostParams), 'persistent'];
const OF_GUESTS = ['interfaces', ...INTERFACE_KNOBS, 'config'];

const Params = z
  .strictObject({
    ...hostParams,
    ...guestParams,
    ...interfaceParams,
    live: planes.live.describe('Whether to set the running kernel; of guests: those that run, as far as libvirt can.'),
    persistent: flag().optional().describe('Whether to set it for the next boots too. Default: true.'),
    config: flag().optional().describe('Whether to change what guests are started with. Default: true.'),
  })
  .superRefine((given, context) => {
    const said = (names: readonly string[]) => names.filter((name) => given[name as keyof typeof given] !== undefined);
    const ofGuests = isOfGuests(given);
    const [stray] = said(ofGuests ? OF_HOST : OF_GUESTS);
    if (stray !== undefined)
      context.addIssue({
        code: 'custom',
        path: [stray],
        message: ofGuests
          ? `\`${stray}\` is the host's, and this task is about guests: make it a task of its own`
          : `\`${stray}\` is for guests: say which, by \`guests\` or \`tag\``,
      });
    else if (ofGuests) {
      const checked = vhostNetGuests.params.safeParse(sideOf(given));
      for (const issue of checked.error?.issues ?? [])
        context.addIssue({ code: 'custom', path: [...issue.path], message: issue.message });
    }
  });
type Params = z.infer<typeof Params>;

const isOfGuests = ({ guests, tag }: Params): boolean => guests !== undefined || tag !== undefined;

/** What one side is asked for: the other's parameters are not there. */
function sideOf(given: Params): unknown {
  const names = isOfGuests(given) ? [...Object.keys(guestParams), ...OF_GUESTS] : [...OF_HOST, 'live'];
  const own = Object.entries(given).filter(([name, value]) => names.includes(name) && value !== undefined);
  const plane = isOfGuests(given) ? 'config' : 'persistent';
  return { [plane]: true, ...Object.fromEntries(own) };
}

const side = (given: Params) => (isOfGuests(given) ? vhostNetGuests : vhostNetHost);

export const vhost_net = Object.freeze({
  ...defineModule({
    name: 'vhost_net',
    summary:
      "Have the kernel carry guests' network packets: the host's vhost_net, and the driver of guests' interfaces.",
    notes: `
Without \`guests\` or \`tag\` it is about the host. ${vhostNetHost.notes?.trim() ?? ''}

With them it is about their virtio interfaces; what is asked for is taken at the guest's next start. A vhost thread runs where the emulator's threads may: pin
those (\`cpu_pin\`) for guests with much traffic. Queues help only guests that use them: \`ethtool -L eth0 combined N\` inside.`,
    params: Params,
    reads: (given, seen) => side(given).reads(sideOf(given), seen),
    plan: (given, seen) => side(given).plan(sideOf(given), seen),
    same: (probe, a, b) =>
      (probe.kind === 'domain' || probe.kind === 'domains' ? vhostNetGuests : vhostNetHost).same?.(probe, a, b) ??
      a === b,
    examples: [...vhostNetHost.examples, ...vhostNetGuests.examples],
  }),
  guests: true as const,
});
