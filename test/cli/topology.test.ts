import { describe, expect, it } from 'vitest';
import { parseCpuSet, reserveProbes } from '../../src/contract/index.ts';
import { topologyFromJson } from '../../src/topology/from-json.ts';
import { type RunningGuest, type Topology, topologyJson } from '../../src/topology/index.ts';
import { captures, topologyAt } from '../support/captures.ts';
import { machine } from '../support/machines.ts';
import { makeSite } from './site.ts';

const GUEST: RunningGuest = {
  name: 'db <1>',
  memoryKib: 8 * 1024 ** 2,
  vcpus: [
    { vcpu: 0, cpus: [8], pinned: true },
    { vcpu: 1, cpus: [9], pinned: true },
  ],
  emulator: [0, 1],
  iothreads: [],
  memoryNodes: [1],
  hugepages: true,
};

/** Two nodes of four cores, with everything that a picture can show. */
const BUSY: Topology = {
  ...machine({ nodes: 2, cores: 4, threads: 2, hugepages: { 2048: 512 } }),
  hostname: 'kvm7',
  model: 'Some CPU',
  reserve: { host: [0, 1], guests: parseCpuSet('2-15') },
  guests: [GUEST],
  nics: [{ name: 'eth0', node: 0, irqs: [40, 41], driver: 'ixgbe' }],
  disks: [{ name: 'sda', node: undefined }],
  interrupts: [
    { irq: 40, name: 'eth0-TxRx-0', allowed: [0, 1], effective: [0], counts: new Map([[0, 900]]) },
    { irq: 41, name: 'eth0-TxRx-1', allowed: [0, 1], effective: [1], counts: new Map([[1, 100]]) },
    { irq: 50, name: 'nvme0q1', allowed: [2], effective: [2], counts: new Map([[2, 30]]) },
    { irq: 51, name: 'nvme0q2', allowed: [3], effective: [3], counts: new Map([[3, 20]]) },
    { irq: 9, name: 'acpi', allowed: [0], effective: [0], counts: new Map() },
  ],
};

function site(topology: Topology) {
  const made = makeSite();
  made.write('host.json', JSON.stringify(topologyJson(topology)));
  return { ...made, show: (form: string) => made.kvmplay('topology', '--topology', 'host.json', '--format', form) };
}

describe('kvmplay topology', () => {
  it('shows a host as a tree, and who is where on it', () => {
    const { status, out, err } = site(BUSY).show('text');

    expect(err).toBe('');
    expect(status).toBe(0);
    expect(out).toBe(`kvm7: 2 sockets, 8 cores, 16 threads, 2 LLC domains, 2 nodes, 128 GiB
Some CPU

online          0-15
the host’s own  0-1
guests’         2-15

socket 0: 0-7
└─ node 0: 0-7; 64 GiB, 64 GiB free; 2M pages: 512 of 512 free
   ├─ L3 32 MiB: 0-7; 4 cores of 2 threads
   │  ├─ 0-1  2-3  4-5  6-7
   │  └─ the host’s: 0-1
   └─ NIC: eth0 (ixgbe)
socket 1: 8-15
└─ node 1: 8-15; 64 GiB, 64 GiB free; 2M pages: 512 of 512 free
   └─ L3 32 MiB: 8-15; 4 cores of 2 threads
      └─ 8-9  10-11  12-13  14-15
at no node
└─ disk: sda

distances    0   1
node 0      10  20
node 1      20  10

GUEST   VCPUS  MEMORY      NODES  EMULATOR  VCPUS ON
db <1>  2      8 GiB huge  1      0-1       8 9

INTERRUPTS OF  NODE  IRQS  CAME  GO TO  MAY GO TO
eth0 (ixgbe)   0     2     1000  0-1    0-1
nvme0q*        -     2     50    2-3    2-3
`);
  });

  it('lets nothing that a host calls its devices reach the terminal as a command', () => {
    const { out } = site({ ...BUSY, model: 'CPU \u001b[2J', disks: [{ name: 'sd\u009b2J', node: 0 }] }).show('text');

    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });

  it('fits a terminal, whatever the numbers of the CPUs are', () => {
    const odd = machine({ nodes: 4, llcs: 2, cores: 24, threads: 2, numbering: 'far' });
    const { out } = site(odd).show('text');

    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    expect(out).not.toMatch(/\d,\n/);
  });

  it('draws every CPU once, and what is there: no name can break out of the picture', () => {
    const { status, out } = site({ ...BUSY, cpus: { ...BUSY.cpus, offline: [16] } }).show('svg');

    expect(status).toBe(0);
    expect(out).toMatch(/^<svg .*<\/svg>\n$/s);
    const drawn = [...out.matchAll(/<title>CPU (\d+)/g)].map(([, cpu]) => Number(cpu));
    expect(drawn.sort((a, b) => a - b)).toEqual([...BUSY.cpus.online, 16]);
    expect(out).toContain('<title>CPU 0; the host&#39;s own; NIC interrupts 40 land here; 900 interrupts</title>');
    expect(out).toContain('<title>CPU 8; db &#60;1&#62; vCPU 0</title>');
    expect(out).toContain('<title>CPU 16: offline</title>');
    expect(out).toContain('NIC eth0 · ixgbe · 2 IRQs');
    expect(out.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|href|url\((?!#)/);
  });

  it('puts the picture on a page, with all of it as tables', () => {
    const { out } = site(BUSY).show('html');

    expect(out).toMatch(/^<!doctype html>.*<svg .*<\/html>\n$/s);
    for (const cell of ['db &#60;1&#62;', '40-41', 'ixgbe', '512 of 512 free'.replace('512 of', '2M: 512 of'), '10 20'])
      expect(out).toContain(`<td>${cell}</td>`);
  });

  it('reads a host of the inventory in one round trip, with what host_reserve left there', () => {
    const made = makeSite(['h1']);
    made.write('h1/sys/devices/system/cpu/online', '0-3\n');
    made.write(`h1${Object.keys(reserveProbes)[0]}`, 'host=0\nguests=1-3\n');
    const { status, out } = made.kvmplay('topology', 'h1', '-i', 'hosts', '--format', 'json');

    expect(status).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      schema: 'kvmplay.topology/1',
      hostname: 'h1',
      cpus: { online: '0-3' },
      reserve: { host: '0', guests: '1-3' },
    });
  });

  it.each([
    ['no machine', [], 'BadFlags'],
    ['two machines', ['h1', '--root', '/'], 'BadFlags'],
    ['a folder that is no root', ['--root', '.'], 'NoTopology'],
    ['a folder that is not there', ['--root', 'nowhere'], 'NoRoot'],
  ])('refuses %s', (_, args, code) => {
    const { status, err } = makeSite().kvmplay('topology', ...args);

    expect(status).toBe(5);
    expect(err).toContain(`error[${code}]`);
  });
});

describe.each(captures())('the captured machine $name', ({ root }) => {
  const made = makeSite();
  const show = (form: string) => made.kvmplay('topology', '--root', root, '--format', form);

  // What lscpu, lstopo and libvirt say of it, test/unit/topology/captures.test.ts holds against the same topology.
  it('is printed as JSON as it is', () => {
    const { status, out, err } = show('json');

    expect(err).toBe('');
    expect(status).toBe(0);
    const told = topologyAt(root);
    expect(topologyFromJson(out)).toEqual(told);
    const { l3, cores } = JSON.parse(out);
    const ours = told.caches.filter(({ level }) => level === 3);
    expect(l3.map(({ cpus }: { cpus: string }) => parseCpuSet(cpus))).toEqual(ours.map(({ cpus }) => cpus));
    expect(cores.length).toBe(told.cores.length);
  });

  it('is shown and drawn with all its CPUs', () => {
    const { online, offline } = topologyAt(root).cpus;
    const { out: picture } = show('svg');

    for (const line of show('text').out.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    const drawn = [...picture.matchAll(/<title>CPU (\d+)/g)].map(([, cpu]) => Number(cpu));
    expect(drawn.sort((a, b) => a - b)).toEqual([...online, ...offline].sort((a, b) => a - b));
  });
});
