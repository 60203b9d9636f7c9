import { describe, expect, it } from 'vitest';
import { cpu_pin } from '../../../modules/cpu_pin.ts';
import { numatune } from '../../../modules/numatune.ts';
import { exampleGuest } from '../../../src/domain-xml/index.ts';
import { openEyes } from '../../../src/engine/eyes.ts';
import { makeOverlay } from '../../../src/engine/overlay.ts';
import { FAKE_COMMANDS } from '../../support/fake-commands.ts';
import { fakeHost } from '../../support/fake-host.ts';
import { planOn, problemOn, summaryOf } from '../../support/plan.ts';

const HOST = {
  '/sys/devices/system/node/node0/cpulist': '0-3\n',
  '/sys/devices/system/node/node1/cpulist': '4-7\n',
  '/sys/devices/system/node/node2/cpulist': '\n',
};
const memory = (mode: string, nodeset: string, more = '') =>
  `\n  <numatune>\n    <memory mode='${mode}' nodeset='${nodeset}'/>${more}\n  </numatune>`;
const pins = (...sets: string[]) =>
  `\n  <cputune>\n${sets.map((set, vcpu) => `    <vcpupin vcpu='${vcpu}' cpuset='${set}'/>\n`).join('')}  </cputune>`;
const running = (config: string, live = config): Record<string, string> => ({
  ...HOST,
  '/etc/libvirt/qemu/web1.xml': exampleGuest('config', config),
  '/run/libvirt/qemu/web1.xml': exampleGuest('live', live),
});
const defined = (more: string): Record<string, string> => ({
  ...HOST,
  '/etc/libvirt/qemu/web1.xml': exampleGuest('config', more),
});
const withCells = (more: string): Record<string, string> => ({
  ...HOST,
  '/etc/libvirt/qemu/web1.xml': exampleGuest('config', more).replace(
    '  <clock',
    `  <cpu><numa><cell id='0' cpus='0' memory='1'/><cell id='1' cpus='1' memory='1'/></numa></cpu>\n  <clock`,
  ),
});

describe('numatune', () => {
  it('never binds a running guest by virsh that was not started restrictive', async () => {
    for (const live of ['', memory('strict', '0'), memory('preferred', '0')]) {
      const plan = await planOn(numatune, { guests: 'all', mode: 'restrictive', nodeset: 1 }, running('', live));

      expect(plan.changes.map(({ plane }) => plane)).toEqual(['persistent']);
      expect(plan.pending).toMatchObject([{ needs: 'guest-restart' }]);
    }
  });

  it('moves the memory of a running guest that was', async () => {
    const plan = await planOn(
      numatune,
      { guests: 'all', mode: 'restrictive', nodeset: 1 },
      running(memory('restrictive', '0')),
    );

    expect(summaryOf(plan)).toEqual(['live web1: memory nodes: 0 → 1', 'persistent web1: memory nodes: 0 → 1']);
    expect(plan.changes[0]?.do).toMatchObject([
      { argv: ['virsh', '-q', '-c', 'qemu:///system', 'numatune', expect.any(String), '--nodeset', '1', '--live'] },
    ]);
  });

  it('waits with another mode', async () => {
    const plan = await planOn(numatune, { guests: 'all', nodeset: '0' }, running(memory('restrictive', '0')));

    expect(summaryOf(plan)).toEqual([
      'persistent web1: memory mode: restrictive → strict',
      'pending web1: memory mode: restrictive → strict, when it is shut down and started again',
    ]);
  });

  it.each([
    ['one node', pins('4', '5'), '1'],
    ['both', pins('1', '4-5'), '0-1'],
    ['what vCPUs float over', '', '1'],
  ])('takes the nodes of the pins: %s', async (_, more, nodes) => {
    const files = defined(more);
    const path = '/etc/libvirt/qemu/web1.xml';
    if (more === '') files[path] = files[path]?.replace("placement='static'", "placement='static' cpuset='6-7'") ?? '';

    const plan = await planOn(numatune, { guests: 'all' }, files);

    expect(summaryOf(plan)).toEqual([`persistent web1: memory mode: none → strict, memory nodes: none → ${nodes}`]);
  });

  it('binds each cell of the guest by the pins of its vCPUs', async () => {
    const plan = await planOn(numatune, { guests: 'all', memnodes: 'auto' }, withCells(pins('5', '1')));

    const after = plan.changes[0]?.after;
    expect(after?.is === 'text' && after.text).toContain(`  <numatune>
    <memory mode='strict' nodeset='0-1'/>
    <memnode cellid='0' mode='strict' nodeset='1'/>
    <memnode cellid='1' mode='strict' nodeset='0'/>
  </numatune>
`);
  });

  it('takes the place of automatic placement', async () => {
    const plan = await planOn(
      numatune,
      { guests: 'all', nodeset: 0 },
      defined("\n  <numatune>\n    <memory mode='strict' placement='auto'/>\n  </numatune>"),
    );

    const after = plan.changes[0]?.after;
    expect(after?.is === 'text' && after.text).toContain("<memory mode='strict' nodeset='0'/>");
  });

  it('sees the pins that a task before it foretells', async () => {
    const eyes = openEyes(fakeHost({ files: defined(''), commands: FAKE_COMMANDS }), makeOverlay());
    const pin = cpu_pin.params.parse({ guests: 'web1', vcpus: { '0-1': '4-5' } });
    const tune = numatune.params.parse({ guests: 'web1' });
    for (const change of cpu_pin.plan(pin, (await eyes.see(cpu_pin, pin)).seen).changes) eyes.foretell(change, 'pins');

    expect(summaryOf(numatune.plan(tune, (await eyes.see(numatune, tune)).seen))[0]).toContain(
      'memory nodes: none → 1',
    );
  });

  it.each([
    [
      'nodes that are not there',
      { nodeset: '1,5' },
      defined(''),
      'NoSuchNode: web1: this host has no NUMA node 5 (it has 0-2)',
    ],
    ['auto without pins', {}, defined(''), 'NotPinned: web1: auto takes the nodes'],
    [
      'cells that are not there',
      { nodeset: 0, memnodes: { 2: 0 } },
      withCells(''),
      'NoSuchCell: web1 has no NUMA cell 2 (it has 0, 1)',
    ],
  ])('refuses %s', async (_, params, files, problem) => {
    expect(await problemOn(numatune, { guests: 'all', ...params }, files)).toContain(problem);
  });

  it('says that preferred is a wish', async () => {
    const plan = await planOn(numatune, { guests: 'all', mode: 'preferred', nodeset: 0 }, running(''));

    expect(plan.notes).toEqual([expect.stringContaining('preferred is a wish')]);
  });

  it('says that numad heeds no nodes, where it runs', async () => {
    const runs = { '/sys/fs/cgroup/system.slice/numad.service/cgroup.procs': '7\n' };
    const numad = { '/usr/lib/systemd/system/numad.service': '[Service]\n' };

    const [there, busy] = await Promise.all(
      [numad, { ...numad, ...runs }].map((files) =>
        planOn(numatune, { guests: 'all', nodeset: 0 }, { ...running(''), ...files }),
      ),
    );

    expect(there?.notes).toBeUndefined();
    expect(busy?.notes).toEqual([expect.stringContaining('numad.service runs: it moves processes, guests too')]);
  });
});
