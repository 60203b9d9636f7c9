import { describe, expect, it } from 'vitest';
import { glob, type Probes } from '../../../src/contract/index.ts';
import { readGuests } from '../../../src/topology/guests.ts';
import { machine } from '../../support/machines.ts';
import { see } from '../../support/see.ts';

const probes: Probes = {
  'topology.guests': glob('/run/libvirt/qemu/*.xml'),
  'topology.guests_cpus': glob('/sys/fs/cgroup/machine.slice/cpuset.cpus.effective'),
};
const topology = machine({ nodes: 2, cores: 4 });

/** As libvirt 9.0 writes it, as far as it is looked at. */
const state = (domain: string, more = "<vcpus><vcpu id='0' pid='7'/><vcpu id='1' pid='8'/></vcpus>") => `<!--
WARNING: THIS IS AN AUTO-GENERATED FILE.
-->
<domstatus state='running' reason='booted' pid='6'>
  ${more}
  <domain type='kvm' id='1'>
    <name>a&amp;b</name>
    <memory unit='KiB'>1048576</memory>
    ${domain}
    <metadata><x:vcpupin xmlns:x='urn:x' vcpu='0' cpuset='7'/></metadata>
  </domain>
</domstatus>
`;

const read = (xml: string, slice?: string) =>
  readGuests(
    see(
      {
        '/run/libvirt/qemu/ab.xml': xml,
        ...(slice !== undefined && { '/sys/fs/cgroup/machine.slice/cpuset.cpus.effective': slice }),
      },
      probes,
    ),
    topology,
  );

describe('guests that run', () => {
  it('are where they are pinned, and their memory where it is bound', () => {
    const [guest] = read(
      state(`<memoryBacking><hugepages/></memoryBacking><vcpu placement='static'>2</vcpu><iothreads>1</iothreads>
        <cputune><vcpupin vcpu='0' cpuset='4'/><vcpupin vcpu='1' cpuset='5-6'/><emulatorpin cpuset='0-1'/>
        <iothreadpin iothread='1' cpuset='1'/></cputune><numatune><memory mode='strict' nodeset='1'/></numatune>`),
    );

    expect(guest).toEqual({
      name: 'a&b',
      memoryKib: 1048576,
      vcpus: [
        { vcpu: 0, cpus: [4], pinned: true },
        { vcpu: 1, cpus: [5, 6], pinned: true },
      ],
      emulator: [0, 1],
      iothreads: [{ iothread: 1, cpus: [1] }],
      memoryNodes: [1],
      hugepages: true,
    });
  });

  it.each([
    [
      'anywhere, where nothing is said',
      "<vcpu placement='static'>2</vcpu>",
      undefined,
      [0, 1, 2, 3, 4, 5, 6, 7],
      false,
    ],
    ['where the slice of guests lets them', "<vcpu placement='static'>2</vcpu>", '2-7\n', [2, 3, 4, 5, 6, 7], true],
    ['where the mask of all vCPUs says', "<vcpu placement='static' cpuset='2-3'>2</vcpu>", '2-7\n', [2, 3], true],
  ])('float %s', (_, domain, slice, cpus, pinned) => {
    const [guest] = read(state(domain), slice);

    expect(guest?.vcpus).toEqual([0, 1].map((vcpu) => ({ vcpu, cpus, pinned })));
    expect(guest?.emulator).toEqual(cpus);
    expect(guest?.memoryNodes).toBeUndefined();
  });

  it('are where numad placed them, and have the vCPUs that are plugged in', () => {
    const [guest] = read(
      state(
        "<vcpu placement='auto' current='1'>4</vcpu><numatune><memory mode='strict' placement='auto'/></numatune>",
        "<vcpus><vcpu id='0' pid='7'/><vcpu id='2' pid='9'/></vcpus><numad nodeset='0' cpuset='0-3'/>",
      ),
    );

    expect(guest?.vcpus.map(({ vcpu, cpus }) => [vcpu, cpus])).toEqual([
      [0, [0, 1, 2, 3]],
      [2, [0, 1, 2, 3]],
    ]);
    expect(guest?.memoryNodes).toEqual([0]);
  });

  it('are refused with the place where their state is no XML', () => {
    expect(() => read('<domstatus>\n<domain></domstatus>')).toThrow(/^\/run\/libvirt\/qemu\/ab.xml:2:\d+: /);
  });
});
