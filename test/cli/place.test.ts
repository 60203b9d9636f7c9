import { describe, expect, it } from 'vitest';
import { formatCpuSet, printReserve, RESERVE_FILE } from '../../src/contract/index.ts';
import { topologyJson } from '../../src/topology/index.ts';
import { machine } from '../support/machines.ts';
import { makeSite } from './site.ts';

const GUESTS = `- name: db
  vcpus: 4
  memory: 8G
  iothreads: 1
- { name: web, vcpus: 2, memory: 2G, running: true, current: { 0: 6, 1: "7" } }
- { name: batch, vcpus: 3, memory: 1G, policy: shared }
`;

function site(guests = GUESTS) {
  const made = makeSite();
  made.write('guests.yml', guests);
  made.write('host.json', JSON.stringify(topologyJson(machine({ nodes: 2, cores: 4, threads: 2 }))));
  const place = (...args: string[]) =>
    made.kvmplay('place', '--topology', 'host.json', '--guests', 'guests.yml', ...args);
  return { ...made, place };
}

/** `/sys` of a machine without nodes and caches, as small as it can be. */
function writeSys(write: (name: string, text: string) => void, folder: string, cpus: readonly number[]): void {
  write(`${folder}/sys/devices/system/cpu/online`, `${formatCpuSet(cpus)}\n`);
  for (const cpu of cpus) {
    write(`${folder}/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`, `${cpu}\n`);
    write(`${folder}/sys/devices/system/cpu/cpu${cpu}/topology/physical_package_id`, '0\n');
  }
}

describe('kvmplay place', () => {
  it('says who goes where, and why', () => {
    const { status, out, err } = site().place();

    expect(err).toBe('');
    expect(status).toBe(0);
    expect(out).toBe(`host.json: 3 of 3 guests have a place; CPUs 0-1 are the host's own

GUEST  VCPUS        ON CPUS     EMULATOR  IO THREADS  NODES  WHY
batch  3 shared     8-15 (any)  0-1       -           1      floats over the pool 8-15 of node 1, 1 GiB there
db     4 dedicated  2 3 4 5     0-1       0-1         0      2 cores in 1 LLC domain of node 0, 8 GiB there
web    2 dedicated  6 7         0-1       -           0      stays: one core of node 0, 2 GiB there

cost: nothing
no better plan exists
`);
  });

  it('prints the plan as JSON', () => {
    const { status, out } = site().place('--format', 'json');

    expect(status).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      schema: 'kvmplay.placement/1',
      feasible: true,
      optimal: true,
      reserved: '0-1',
      guests: {
        db: { emulator: '0-1', iothreads: { 1: '0-1' } },
        web: { vcpus: { 0: '6', 1: '7' }, nodes: '0', stays: true },
      },
    });
  });

  it('moves nobody when the plan that it printed is planned again', () => {
    const { write, place } = site();
    const first = JSON.parse(place('--format', 'json', '--stability', 'optimise').out);
    const pins = (name: string) => JSON.stringify(first.guests[name].vcpus);
    const again = GUESTS.replace('iothreads: 1', `current: ${pins('db')}`)
      .replace('{ 0: 6, 1: "7" }', pins('web'))
      .replace('policy: shared', `policy: shared, current: ${pins('batch')}`);
    write('guests.yml', again);

    const { guests } = JSON.parse(place('--format', 'json', '--stability', 'optimise').out);

    for (const name of ['db', 'web', 'batch'])
      expect(guests[name]).toMatchObject({ stays: true, vcpus: first.guests[name].vcpus });
  });

  it('draws the machine, with every vCPU where it goes', () => {
    const { status, out } = site().place('--output', 'svg');

    expect(status).toBe(0);
    expect(out).toMatch(/^<svg .*<\/svg>\n$/s);
    for (const vcpu of [0, 1, 2, 3]) expect(out).toContain(`db vCPU ${vcpu}</title>`);
    expect(out).toContain('CPU 6: web vCPU 0</title>');
    expect(out).toContain('CPU 0: the host&#39;s own</title>');
  });

  it('exits 2 where a guest has no place, and says what is missing and what is nearest', () => {
    const { status, out } = site(
      '- { name: huge, vcpus: 20, memory: 1G }\n- { name: fat, vcpus: 1, memory: 500G }\n',
    ).place();

    expect(status).toBe(2);
    expect(out).toContain('no place for huge: ');
    expect(out).toContain('need 20 CPUs, free 6; ');
    expect(out).toMatch(
      /no place for fat: node 0: need 500.2 GiB, free \d+.\d GiB; .*; nearest: \d+.\d GiB are the most/,
    );
  });

  it.each([
    [
      '- { name: g, vcpus: 14 }',
      'split evenly over 2 nodes; node 0: need 7 CPUs, free 6; node 1: would do for one part',
    ],
    ['- { name: g, vcpus: 14 }', 'nearest: 13 vCPUs would fit'],
    ['- { name: g, vcpus: 2, numa_nodes: 3 }', 'it fits with numa_nodes: auto'],
    ['- { name: g, vcpus: 1, numa_nodes: 2 }', 'it has 1 vCPU; nearest: it fits with numa_nodes: auto'],
    ['- { name: g, vcpus: 1, memory: 2G, page_size: 1G }', 'nearest: it fits with page_size: 2M'],
    ['- { name: g, vcpus: 8, memory: 500G }', 'GiB would fit, over several nodes'],
  ])('says of %s what it lacks and what is nearest: %s', (guests, words) => {
    const made = site(`${guests}\n`);
    const topology = machine({ nodes: 2, cores: 4, threads: 2, hugepages: { 2048: 2048 } });
    made.write('host.json', JSON.stringify(topologyJson(topology)));

    const { status, out } = made.place();

    expect(status).toBe(2);
    expect(out).toContain(words);
  });

  it('says which vCPUs and how much memory of a guest are on each of its nodes', () => {
    const { out } = site('- { name: g, vcpus: 9, memory: 3G }\n').place();

    expect(out).toContain('of nodes 0-1, 3 GiB there: vCPUs 0-4 and 1.5 GiB on 0, vCPUs 5-8 and 1.5 GiB on 1');
  });

  it.each([
    ['0-3', '0-3'],
    ['none', ''],
    ['auto:4', '0-3'],
  ])('reserves %s', (said, reserved) => {
    const { out } = site().place('--reserve', said, '--format', 'json');

    expect(JSON.parse(out).reserved).toBe(reserved);
  });

  it('reads the machine from a folder that stands for its root, and from a host of the inventory', () => {
    const made = makeSite(['h1']);
    writeSys(made.write, 'h1', [0, 1, 2, 3]);
    made.write('guests.yml', '- { name: one, vcpus: 2 }\n');

    const fromRoot = made.kvmplay('place', '--root', 'h1', '--guests', 'guests.yml', '--format', 'json');
    const fromHost = made.kvmplay('place', 'h1', '-i', 'hosts', '--guests', 'guests.yml', '--format', 'json');

    expect(JSON.parse(fromRoot.out)).toMatchObject({ reserved: '0-1', guests: { one: { vcpus: { 0: '2', 1: '3' } } } });
    expect(fromHost.out).toBe(fromRoot.out);
  });

  it.each([
    [[], '3'],
    [['--reserve', 'auto'], '0-1'],
  ])('takes what host_reserve said on the host, unless it is told otherwise: %j', (flags, reserved) => {
    const made = makeSite();
    writeSys(made.write, 'h1', [0, 1, 2, 3]);
    made.write(`h1${RESERVE_FILE}`, printReserve({ host: [3, 4], guests: [0, 1, 2] }));
    made.write('guests.yml', '- { name: one, vcpus: 2 }\n');

    const { out } = made.kvmplay('place', '--root', 'h1', '--guests', 'guests.yml', '--format', 'json', ...flags);

    expect(JSON.parse(out).reserved).toBe(reserved);
  });

  it('tells every mistake of a guests file, with its place', () => {
    const { status, err } = site(`- name: a
  vcpus: 0
- { name: b, vcpus: 2, polcy: shared }
- { name: c, vcpus: 2, memory: 12 }
- { name: c, vcpus: 2 }
- { name: d, vcpus: 2, current: { 2: 1 } }
- { name: e, vcpus: 2, memory: 1G, page_size: 3M }
- { name: f, vcpus: 2, current: { 00: 1 } }
- { name: g, vcpus: 2, current: { 0: "" } }
`).place();

    expect(status).toBe(5);
    const told = [...err.matchAll(/error\[(\w+)\].*\n *--> (\S+)/g)].map(([, code, at]) => `${code} ${at}`);
    expect(told).toEqual([
      'BadParameter guests.yml:2:10',
      'UnknownParameter guests.yml:3:24',
      'BadParameter guests.yml:4:32',
      'NoSuchVcpu guests.yml:6:38',
      'BadParameter guests.yml:7:47',
      'BadParameter guests.yml:8:35',
      'BadParameter guests.yml:9:38',
    ]);
    expect(err).toContain('did you mean "policy"?');
  });

  it.each([
    ['a CPU that the host has not', ['--reserve', '0-99'], 'NoSuchCpu'],
    ['what is no list', ['--reserve', 'auto:x'], 'BadCpuSet'],
    ['two machines', ['--root', '/'], 'BadFlags'],
    ['less than one vCPU on a CPU', ['--overcommit', '0'], 'BadFlag'],
    ['no such file', ['--guests', 'nowhere.yml'], 'FileNotFound'],
  ])('refuses %s', (_, flags, code) => {
    const { status, err } = site().place(...flags);

    expect(status).toBe(5);
    expect(err).toContain(`error[${code}]`);
  });

  it('refuses pins to a CPU that the host has not', () => {
    const { status, err } = site('- { name: a, vcpus: 1, current: { 0: 99 }, current_emulator: 98 }\n').place();

    expect(status).toBe(5);
    expect(err).toContain('error[NoSuchCpu]: vCPU 0 of a is said to be on CPU 99');
    expect(err).toContain('guests.yml:1:38');
    expect(err).toContain('error[NoSuchCpu]: the emulator of a is said to be on CPU 98');
    expect(err).toContain('guests.yml:1:62');
  });
});
