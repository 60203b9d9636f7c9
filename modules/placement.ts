import { z } from 'zod';
import { defineModule, differenceOf, guestProbes, guestsOf, Problem, reserveOf } from '../src/contract/index.ts';
import { exampleGuest } from '../src/domain-xml/index.ts';
import { buildTopology, placementJson, planPlacement } from '../src/topology/index.ts';
import { guestOf, guestSchema } from '../src/topology/placement/guest-schema.ts';
import { guestOf as guestOn, placementProbes, staying } from './parts/cpu_pin_placement.ts';

const Asked = guestSchema.omit({ running: true, frozen: true, current: true, current_emulator: true });

const Params = z.strictObject({
  guests: z
    .array(Asked)
    .min(1)
    .describe(
      'Guests as in a guests file (docs/placement.md): `{ name, vcpus, memory, page_size, policy, threads, numa_nodes, iothreads }`.',
    ),
});

const HOST = {
  '/sys/devices/system/cpu/online': '0-7\n',
  ...Object.fromEntries(
    [0, 1, 2, 3, 4, 5, 6, 7].flatMap((cpu) => [
      [`/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`, `${cpu % 4},${(cpu % 4) + 4}\n`],
      [`/sys/devices/system/cpu/cpu${cpu}/topology/physical_package_id`, '0\n'],
    ]),
  ),
  '/sys/devices/system/node/node0/cpulist': '0-7\n',
  '/sys/devices/system/node/node0/meminfo': 'Node 0 MemTotal: 16777216 kB\nNode 0 MemFree: 16000000 kB\n',
};

export const placement = defineModule({
  name: 'placement',
  summary: 'Work out where guests would go on a host, for templates and later tasks; nothing is changed.',
  notes: `
What \`register\` keeps is what \`kvmplay place --format json\` prints: \`plan.guests.web1.vcpus\` has a CPU for each vCPU, \`nodes\`, \`emulator\` and \`iothreads\` beside it. In a template of a guest:

    {{#each plan.guests.web1.vcpus as |cpu vcpu|}}
    <vcpupin vcpu='{{vcpu}}' cpuset='{{cpu}}'/>
    {{/each}}

Guests that are there stay where they are pinned; those of the names that are asked for are placed anew, where they are if that is well. The CPUs of \`host_reserve\` are the host's. A guest
without a place is a failure that says what it lacks. \`cpu_pin\` with a \`policy\` does the same for guests that are defined already.`,
  params: Params,
  reads: () => ({ ...placementProbes(), ...guestProbes }),
  plan({ guests }, seen) {
    const topology = buildTopology(seen);
    const reserve = reserveOf(seen);
    const there = [...(guestsOf(seen)?.values() ?? [])].map(guestOn);
    const asked = guests.map((guest) => {
      const now = there.find(({ name }) => name === guest.name);
      const wanted = guestOf({ ...guest, running: false, frozen: false, current: {} });
      return now ? { ...wanted, running: now.running, current: now.current } : wanted;
    });
    const others = there.filter(({ name }) => !guests.some((guest) => guest.name === name));
    const found = planPlacement(
      topology,
      [...asked, ...others.flatMap((guest) => staying(guest, topology) ?? [])],
      reserve && { reserve: differenceOf(topology.cpus.online, reserve.guests) },
    );
    const lacking = found.missing.filter(({ guest }) => guests.some(({ name }) => name === guest));
    if (lacking.length > 0)
      throw new Problem(
        'NoPlace',
        `no place for ${lacking.map(({ guest, reason }) => `${guest} (${reason})`).join('; ')}`,
        'see `kvmplay place` for what would do',
      );
    return { changes: [], values: placementJson(found) };
  },
  examples: [
    {
      title: 'For the template of a guest that is not there yet',
      params: { guests: [{ name: 'web2', vcpus: 2, memory: '4G' }] },
      host: HOST,
    },
    {
      title: 'Beside one that is pinned',
      params: { guests: [{ name: 'web2', vcpus: 1, memory: '1G', iothreads: 1 }] },
      host: {
        ...HOST,
        '/etc/libvirt/qemu/web1.xml': exampleGuest(
          'config',
          "\n  <cputune>\n    <vcpupin vcpu='0' cpuset='1'/>\n    <vcpupin vcpu='1' cpuset='5'/>\n  </cputune>",
        ),
      },
    },
    {
      title: 'Of two that float',
      params: {
        guests: [
          { name: 'a', vcpus: 2, memory: '1G', policy: 'shared' },
          { name: 'b', vcpus: 2, memory: '1G', policy: 'shared' },
        ],
      },
      host: HOST,
    },
  ],
});
