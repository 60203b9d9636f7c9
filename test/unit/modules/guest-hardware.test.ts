import { describe, expect, it } from 'vitest';
import { cpu_model } from '../../../modules/cpu_model.ts';
import { iothreads } from '../../../modules/iothreads.ts';
import { memory_backing } from '../../../modules/memory_backing.ts';
import { vcpu_topology } from '../../../modules/vcpu_topology.ts';
import { vhost_net } from '../../../modules/vhost_net.ts';
import { file } from '../../../src/contract/index.ts';
import { exampleGuest } from '../../../src/domain-xml/index.ts';
import { openEyes } from '../../../src/engine/eyes.ts';
import { makeOverlay } from '../../../src/engine/overlay.ts';
import { FAKE_COMMANDS } from '../../support/fake-commands.ts';
import { fakeHost } from '../../support/fake-host.ts';
import { mistakesIn, planOn, problemOn, summaryOf } from '../../support/plan.ts';

const CONFIG = '/etc/libvirt/qemu/web1.xml';
const LIVE = '/run/libvirt/qemu/web1.xml';
const CPU = '/sys/devices/system/cpu';

const defined = (more = '') => ({ [CONFIG]: exampleGuest('config', more) });
const running = (more = '') => ({ ...defined(more), [LIVE]: exampleGuest('live', more) });
const textOf = (plan: Awaited<ReturnType<typeof planOn>>) => {
  const after = plan.changes.find(({ plane }) => plane === 'persistent')?.after;
  return after?.is === 'text' ? after.text : '';
};

describe('memory_backing', () => {
  it('takes pages of any unit for what they are', async () => {
    const files = defined(
      "\n  <memoryBacking>\n    <hugepages>\n      <page size='2' unit='M'/>\n    </hugepages>\n  </memoryBacking>",
    );

    expect((await planOn(memory_backing, { guests: 'all', hugepages: '2M' }, files)).changes).toEqual([]);
  });

  it("makes pages of some cells everybody's", async () => {
    const files = defined(
      "\n  <memoryBacking>\n    <hugepages>\n      <page size='2048' unit='KiB' nodeset='0'/>\n      <page size='1' unit='G' nodeset='1'/>\n    </hugepages>\n  </memoryBacking>",
    );

    const plan = await planOn(memory_backing, { guests: 'all', hugepages: '2M' }, files);

    expect(textOf(plan)).toContain("<hugepages>\n      <page size='2048' unit='KiB'/>\n    </hugepages>");
  });

  it('says where a pool is too small for the start, counting only the nodes that the guest is bound to', async () => {
    const files = {
      ...defined("\n  <numatune>\n    <memory mode='strict' nodeset='1'/>\n  </numatune>"),
      '/sys/devices/system/node/node0/hugepages/hugepages-2048kB/free_hugepages': '4096\n',
      '/sys/devices/system/node/node1/hugepages/hugepages-2048kB/free_hugepages': '100\n',
    };

    const { notes } = await planOn(memory_backing, { guests: 'all', hugepages: '2M' }, files);

    expect(notes).toEqual(['web1: needs 512 pages of 2M, and node 1 of the host has 100 free: it will not start']);
  });

  it('can be told in a check before the pages are there, of whose number it says nothing then', async () => {
    const free = '/sys/devices/system/node/node1/hugepages/hugepages-2048kB/free_hugepages';
    const overlay = makeOverlay();
    overlay.doubt(file(free), 'a task before this one would change it');
    const host = fakeHost({ files: { ...defined(), [free]: '0\n' }, commands: FAKE_COMMANDS });
    const params = memory_backing.params.parse({ guests: 'all', hugepages: '2M' });

    const plan = memory_backing.plan(params, (await openEyes(host, overlay).see(memory_backing, params)).seen);

    expect(summaryOf(plan)).toEqual(['persistent web1: hugepages 2M']);
    expect(plan.notes ?? []).toEqual([]);
  });

  it('does not lock the memory of a guest that has no limit', async () => {
    expect(await problemOn(memory_backing, { guests: 'all', locked: true }, defined())).toMatch(/^LockedWithoutLimit/);
    expect(
      (await planOn(memory_backing, { guests: 'all', locked: true, hard_limit: '3G' }, defined())).changes,
    ).toHaveLength(1);
  });
});

describe('iothreads', () => {
  it('adds them to a guest that runs, and at its next start', async () => {
    const plan = await planOn(iothreads, { guests: 'all', count: 3 }, running());

    expect(summaryOf(plan)).toEqual(['live web1: IO thread 2, IO thread 3', 'persistent web1: IO threads: 1 → 3']);
    expect(plan.changes[0]).toMatchObject({
      do: [{ argv: expect.arrayContaining(['iothreadadd', '2', '--live']) }, { argv: expect.arrayContaining(['3']) }],
      undo: [{ argv: expect.arrayContaining(['iothreaddel', '2', '--live']) }, { argv: expect.arrayContaining(['3']) }],
    });
  });

  it('takes none away from a disk', async () => {
    const files = { [CONFIG]: exampleGuest('config').replace("type='qcow2'/>", "type='qcow2' iothread='1'/>") };

    expect(await problemOn(iothreads, { guests: 'all', count: 0 }, files)).toMatch(
      /^IothreadInUse: web1: IO thread 1 serves disk vda/,
    );
  });
});

describe('cpu_model', () => {
  it('takes what libvirt makes of host-model for host-model, and a model of its own for another', async () => {
    const cpu = (inside: string) => `\n  <cpu mode='custom' match='exact' check='full'>${inside}\n  </cpu>`;
    const config = exampleGuest('config', "\n  <cpu mode='host-model' check='partial'/>");
    const live = (inside: string) => ({ [CONFIG]: config, [LIVE]: exampleGuest('live', cpu(inside)) });

    const expanded = live("\n    <model fallback='forbid'>EPYC</model>\n    <vendor>AMD</vendor>");
    const named = live("\n    <model fallback='forbid'>qemu64</model>");

    expect(await planOn(cpu_model, { guests: 'all', mode: 'host-model' }, expanded)).toEqual({ changes: [] });
    expect((await planOn(cpu_model, { guests: 'all', mode: 'host-model' }, named)).pending).toHaveLength(1);
  });

  it('leaves the topology and cells of the CPU where they are', async () => {
    const files = defined(
      "\n  <cpu mode='custom' match='exact'>\n    <model fallback='forbid'>Haswell</model>\n    <topology sockets='1' cores='1' threads='2'/>\n  </cpu>",
    );

    expect(textOf(await planOn(cpu_model, { guests: 'all', mode: 'host-passthrough' }, files))).toContain(
      "  <cpu mode='host-passthrough'>\n    <topology sockets='1' cores='1' threads='2'/>\n  </cpu>",
    );
  });

  it.each([
    [{ mode: 'custom' }],
    [{ mode: 'host-model', model: 'Haswell' }],
    [{ mode: 'host-model', cache: 'passthrough' }],
    [{ features: { topoext: 'on' } }],
    [{}],
  ])('refuses %j', (given) => {
    expect(mistakesIn(cpu_model, { guests: 'all', ...given })).not.toEqual([]);
  });

  it('does not give features to a CPU without a model', async () => {
    expect(await problemOn(cpu_model, { guests: 'all', features: { topoext: 'require' } }, defined())).toMatch(
      /^NoCpuModel/,
    );
  });
});

describe('vcpu_topology', () => {
  const pins = (...cpus: string[]) =>
    `\n  <cputune>${cpus.map((cpu, vcpu) => `\n    <vcpupin vcpu='${vcpu}' cpuset='${cpu}'/>`).join('')}\n  </cputune>`;
  const host = Object.fromEntries(
    [0, 1, 2, 3, 4, 5, 6, 7].flatMap((cpu) => [
      [`${CPU}/cpu${cpu}/topology/thread_siblings_list`, `${cpu % 4},${(cpu % 4) + 4}\n`],
      [`${CPU}/cpu${cpu}/topology/physical_package_id`, `${cpu % 4 < 2 ? 0 : 1}\n`],
    ]),
  );
  const guest = (vcpus: number, ...cpus: string[]) => ({
    [CONFIG]: exampleGuest('config', pins(...cpus)).replace('>2</vcpu>', `>${vcpus}</vcpu>`),
    ...host,
  });

  it.each([
    ['threads of one core', guest(2, '1', '5'), { sockets: 1, cores: 1, threads: 2 }],
    ['cores of one socket', guest(2, '0', '1'), { sockets: 1, cores: 2, threads: 1 }],
    ['whole cores of two sockets', guest(4, '1', '5', '2', '6'), { sockets: 2, cores: 1, threads: 2 }],
    ['threads in another order than their cores', guest(4, '1', '2', '5', '6'), { sockets: 1, cores: 4, threads: 1 }],
    ['a vCPU that floats', guest(2, '0', '1-3'), { sockets: 2, cores: 1, threads: 1 }],
  ])('mirrors %s', async (_, files, { sockets, cores, threads }) => {
    const plan = await planOn(vcpu_topology, { guests: 'all', layout: 'pinning' }, files);

    expect(textOf(plan)).toContain(`<topology sockets='${sockets}' cores='${cores}' threads='${threads}'/>`);
  });

  it('drops the pins of vCPUs that are gone, which libvirt would do without a word', async () => {
    const plan = await planOn(vcpu_topology, { guests: 'all', vcpus: 1, layout: 'sockets' }, guest(2, '0', '1'));

    expect(summaryOf(plan)[0]).toContain('no pin of vCPU 1');
    expect(textOf(plan)).not.toContain("vcpu='1'");
  });

  it.each([
    [{ vcpus: 4, sockets: 1, cores: 1, threads: 2 }],
    [{ sockets: 1, cores: 2 }],
    [{ layout: 'cores', threads: 2 }],
    [{ vcpus: 2, current: 3 }],
    [{}],
  ])('refuses %j', (given) => {
    expect(mistakesIn(vcpu_topology, { guests: 'all', ...given })).not.toEqual([]);
  });

  it('counts the clusters of newer libvirt, and leaves none of them to multiply', async () => {
    const clustered = (cores: number) =>
      defined(`\n  <cpu>\n    <topology sockets='1' dies='1' clusters='2' cores='${cores}' threads='1'/>\n  </cpu>`);

    const plan = await planOn(vcpu_topology, { guests: 'all', vcpus: 4, layout: 'cores' }, clustered(1));

    expect(textOf(plan)).toContain("<topology sockets='1' dies='1' clusters='1' cores='4' threads='1'/>");
    expect(textOf(await planOn(vcpu_topology, { guests: 'all', vcpus: 8 }, clustered(4)))).toContain('>8</vcpu>');
    expect(await problemOn(vcpu_topology, { guests: 'all', vcpus: 4 }, clustered(4))).toMatch(/^TopologyMismatch/);
  });

  it('does not leave a topology that no longer fits', async () => {
    const files = defined("\n  <cpu>\n    <topology sockets='1' cores='2' threads='1'/>\n  </cpu>");

    expect(await problemOn(vcpu_topology, { guests: 'all', vcpus: 8 }, files)).toMatch(/^TopologyMismatch/);
  });
});

describe('vhost_net of guests', () => {
  const network = (model: string, more = '') =>
    exampleGuest('config').replace(
      '    <graphics',
      `    <interface type='bridge'>\n      <mac address='52:54:00:00:00:01'/>\n      <source bridge='br0'/>\n      <model type='${model}'/>${more}\n    </interface>\n    <graphics`,
    );

  it('changes the driver and keeps what else is said there', async () => {
    const files = {
      [CONFIG]: network(
        'virtio',
        "\n      <driver name='qemu' queues='2' rss='on'>\n        <host tso4='off'/>\n      </driver>",
      ),
    };

    const plan = await planOn(vhost_net, { guests: 'all', driver: 'vhost', queues: 'default' }, files);

    expect(textOf(plan)).toContain("<driver name='vhost' rss='on'>\n        <host tso4='off'/>\n      </driver>");
  });

  it('passes over what is not virtio, unless it is named', async () => {
    const files = { [CONFIG]: network('e1000') };

    const plan = await planOn(vhost_net, { guests: 'all', driver: 'vhost' }, files);

    expect([plan.changes, plan.notes?.[0]]).toEqual([[], expect.stringMatching(/e1000: left as it is/)]);
    expect(await problemOn(vhost_net, { guests: 'all', interfaces: 'br0', driver: 'vhost' }, files)).toMatch(
      /^NotVirtio/,
    );
  });

  it.each([
    [{ guests: 'all' }],
    [{ guests: 'all', queues: 2, mode: '0660' }],
    [{ queues: 2 }],
    [{ guests: 'all', rx_queue_size: 700 }],
    [{ guests: 'all', rx_queue_size: 2048 }],
  ])('refuses %j', (given) => {
    expect(mistakesIn(vhost_net, given)).not.toEqual([]);
  });
});
