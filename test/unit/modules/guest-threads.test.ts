import { describe, expect, it } from 'vitest';
import { cpu_model } from '../../../modules/cpu_model.ts';
import { disk_cache } from '../../../modules/disk_cache.ts';
import { domain_xml } from '../../../modules/domain_xml.ts';
import { iothreads } from '../../../modules/iothreads.ts';
import { memory_backing } from '../../../modules/memory_backing.ts';
import { numatune } from '../../../modules/numatune.ts';
import { vcpu_topology } from '../../../modules/vcpu_topology.ts';
import { vhost_net } from '../../../modules/vhost_net.ts';
import type { Module } from '../../../src/contract/index.ts';
import { exampleGuest } from '../../../src/domain-xml/index.ts';
import { mistakesIn, planOn, problemOn } from '../../support/plan.ts';

const CONFIG = '/etc/libvirt/qemu/web1.xml';

const guest = (more: string, change = (xml: string) => xml) => ({ [CONFIG]: change(exampleGuest('config', more)) });

async function edited(module: Module, params: object, files: Record<string, string>): Promise<string> {
  const plan = await planOn(module, { guests: 'all', ...params }, files);
  const after = plan.changes[0]?.after;
  return after?.is === 'text' ? after.text : '';
}

describe('threads that go', () => {
  const TUNED = `
  <cputune>
    <shares>512</shares>
    <vcpupin vcpu='1' cpuset='1'/>
    <iothreadpin iothread='2' cpuset='3'/>
    <vcpusched vcpus='0-1' scheduler='fifo' priority='1'/>
    <vcpusched vcpus='1' scheduler='batch'/>
    <iothreadsched iothreads='1-2' scheduler='batch'/>
  </cputune>`;

  it('take their pins and schedulers along: libvirt defines no guest with those of threads that it has not', async () => {
    const two = guest(TUNED, (xml) => xml.replace('<iothreads>1<', '<iothreads>2<'));

    const fewerVcpus = await edited(vcpu_topology, { vcpus: 1, layout: 'cores' }, two);
    const fewerIo = await edited(iothreads, { count: 1 }, two);
    const noIo = await edited(iothreads, { count: 0 }, two);

    expect(fewerVcpus).not.toContain('vcpupin');
    expect(fewerVcpus).toContain("<vcpusched vcpus='0' scheduler='fifo' priority='1'/>\n    <iothreadsched");
    expect(fewerIo).not.toContain('iothreadpin');
    expect(fewerIo).toContain("<iothreadsched iothreads='1' scheduler='batch'/>");
    expect(fewerIo).toContain("<vcpupin vcpu='1' cpuset='1'/>");
    expect(noIo).not.toContain('iothread');
  });

  it('are not IO threads that serve some of the queues of a device', async () => {
    const files = guest('', (xml) =>
      xml.replace("type='qcow2'/>", "type='qcow2'><iothreads><iothread id='1'/></iothreads></driver>"),
    );

    expect(await problemOn(iothreads, { guests: 'all', count: 0 }, files)).toMatch(
      'IothreadInUse: web1: IO thread 1 serves disk vda',
    );
    expect(await problemOn(disk_cache, { guests: 'all', iothread: 1 }, files)).toMatch(/^SeveralIothreads: .*\(.*\)$/);
  });

  it('go out of the list of single vCPUs, which stays where it fits', async () => {
    const files = guest(
      "\n  <vcpus>\n    <vcpu id='0' enabled='yes' hotpluggable='no'/>\n    <vcpu id='1' enabled='no' hotpluggable='yes'/>\n  </vcpus>",
      (xml) => xml.replace("<vcpu placement='static'>", "<vcpu placement='static' current='1'>"),
    );

    expect(await edited(vcpu_topology, { vcpus: 2, current: 1 }, files)).toBe('');
    expect(await edited(vcpu_topology, { vcpus: 1, layout: 'cores' }, files)).not.toContain('<vcpus>');
    expect(await edited(vcpu_topology, { vcpus: 2, current: 2 }, files)).not.toMatch(/<vcpus>|current='/);
  });
});

describe('what libvirt would not define beside what is there', () => {
  const backing = (inside: string) => guest(`\n  <memoryBacking>\n    ${inside}\n  </memoryBacking>`);
  const cpu = (xml: string) => guest('', (all) => all.replace('  <clock', `  ${xml}\n  <clock`));
  const CACHED = "<cpu mode='host-passthrough'><cache mode='passthrough'/></cpu>";
  const VIRTIOFS =
    "<filesystem type='mount'>\n<driver type='virtiofs'/>\n<source dir='/srv'/>\n<target dir='srv'/>\n</filesystem>";

  const HOSTDEV =
    "<interface type='hostdev'>\n<mac address='52:54:00:00:00:09'/>\n<model type='virtio'/>\n</interface>";

  it.each<[string, string, Module, object, Record<string, string>]>([
    [
      'MixedModes',
      'cell 0',
      numatune,
      { mode: 'restrictive', nodeset: 0 },
      guest("\n  <numatune>\n    <memnode cellid='0' mode='strict' nodeset='0'/>\n  </numatune>"),
    ],
    ['NoCpuModel', '`check` needs', cpu_model, { check: 'full' }, guest('')],
    ['NotHostsCpu', 'to be host-model', cpu_model, { mode: 'host-model' }, cpu(CACHED)],
    ['NotHostsCpu', 'its CPU is custom', cpu_model, { cache: 'passthrough' }, guest('')],
    ['NotHostsCpu', 'migratable', cpu_model, { migratable: 'on' }, cpu("<cpu mode='host-model'/>")],
    ['NotOfHugepages', 'anonymous', memory_backing, { source: 'anonymous' }, backing('<hugepages/>')],
    ['NotOfHugepages', 'ondemand', memory_backing, { hugepages: '2M' }, backing("<allocation mode='ondemand'/>")],
    [
      'NoVhostHere',
      'device of the host',
      vhost_net,
      { interfaces: '52:54:00:00:00:09', queues: 2 },
      guest('', (all) => all.replace('<graphics', `${HOSTDEV}\n<graphics`)),
    ],
    [
      'NeedsSharedMemory',
      'filesystem srv',
      memory_backing,
      { access: 'private' },
      guest('', (all) => all.replace('<graphics', `${VIRTIOFS}\n<graphics`)),
    ],
  ])('%s: %s', async (code, words, module, params, files) => {
    const problem = await problemOn(module, { guests: 'all', ...params }, files);

    expect(problem).toMatch(new RegExp(`^${code}: web1.*: .*${words}.* \\(.+\\)$`));
  });

  it('is taken where it is asked for as a whole', async () => {
    const huge = backing("<hugepages/>\n    <allocation mode='immediate' threads='4'/>");

    expect(await edited(cpu_model, { mode: 'host-model', cache: 'default' }, cpu(CACHED))).toContain(
      "<cpu mode='host-model'></cpu>",
    );
    expect(await edited(memory_backing, { hugepages: false, allocation: 'ondemand' }, huge)).toContain(
      "<memoryBacking>\n    <allocation mode='ondemand' threads='4'/>",
    );
  });

  it('nor an element that is left with nothing to say', async () => {
    const files = backing("<source type='memfd'/>\n    <access mode='shared'/>\n    <nosharepages/>");

    expect(await edited(memory_backing, { source: 'default', access: 'default' }, files)).toContain(
      '<memoryBacking>\n    <nosharepages/>\n  </memoryBacking>',
    );
  });
});

describe('domain_xml', () => {
  it('takes nothing out by its number: the next run would take the next one', () => {
    const remove = (path: string) => mistakesIn(domain_xml, { guests: 'all', remove: [path] });

    expect(remove('devices/disk[2]').join()).toContain('choose by what is in it');
    expect(remove('devices/disk[2]/driver')).toEqual([]);
    expect(remove('devices/disk[target/@dev=vdb]')).toEqual([]);
  });
});
