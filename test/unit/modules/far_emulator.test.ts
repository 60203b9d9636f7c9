import { describe, expect, it } from 'vitest';
import { cpu_pin } from '../../../modules/cpu_pin.ts';
import { memory_backing } from '../../../modules/memory_backing.ts';
import { numatune } from '../../../modules/numatune.ts';
import { exampleGuest } from '../../../src/domain-xml/index.ts';
import { planOn } from '../../support/plan.ts';

const HUGE = '\n  <memoryBacking><hugepages/></memoryBacking>';
const bound = (mode: string, nodeset: string) =>
  `\n  <numatune><memory mode='${mode}' nodeset='${nodeset}'/></numatune>`;
const emulator = (cpus: string) => `\n  <cputune><emulatorpin cpuset='${cpus}'/></cputune>`;
const onHost = (more: string) => ({
  '/sys/devices/system/cpu/online': '0-7\n',
  '/sys/devices/system/cpu/present': '0-7\n',
  '/sys/devices/system/node/node0/cpulist': '0-3\n',
  '/sys/devices/system/node/node1/cpulist': '4-7\n',
  '/sys/devices/system/node/node2/cpulist': '\n',
  '/sys/devices/system/node/node0/hugepages/hugepages-2048kB/free_hugepages': '1024\n',
  '/sys/devices/system/node/node1/hugepages/hugepages-2048kB/free_hugepages': '1024\n',
  '/etc/libvirt/qemu/web1.xml': exampleGuest('config', more),
});

describe('an emulator that may not run where memory is taken at the start', () => {
  it.each([
    ['numatune', numatune, { nodeset: 1 }, HUGE + emulator('0-1')],
    ['cpu_pin', cpu_pin, { emulator: '0-1' }, HUGE + bound('strict', '1')],
    ['memory_backing', memory_backing, { hugepages: '2M' }, bound('preferred', '1') + emulator('2')],
    ['memory_backing', memory_backing, { allocation: 'immediate' }, bound('strict', '1') + emulator('2')],
  ] as const)('is told of by %s, whichever task comes last', async (_, module, params, xml) => {
    const { notes = [] } = await planOn(module, { guests: 'all', ...params }, onHost(xml));

    expect(notes.filter((note) => note.includes('Setting CPU affinity failed'))).toEqual([
      expect.stringMatching(/^web1: its memory is taken from node 1 when it starts/),
    ]);
  });

  it.each([
    ['memory of its own node', numatune, { nodeset: 1 }, HUGE + emulator('0,4')],
    ['memory that may come from its node too', numatune, { nodeset: '0-1' }, HUGE + emulator('0')],
    ['ordinary pages', numatune, { nodeset: 1 }, emulator('0')],
    ['an emulator that floats', numatune, { nodeset: 1 }, HUGE],
    ['a node without CPUs', numatune, { nodeset: 2 }, HUGE + emulator('0')],
    ['memory that only the cgroup holds', numatune, { mode: 'restrictive', nodeset: 1 }, HUGE + emulator('0')],
  ] as const)('is no matter with %s', async (_, module, params, xml) => {
    const { notes = [] } = await planOn(module, { guests: 'all', ...params }, onHost(xml));

    expect(notes.filter((note) => note.includes('Setting CPU affinity failed'))).toEqual([]);
  });
});
