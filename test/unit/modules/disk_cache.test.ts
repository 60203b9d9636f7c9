import { describe, expect, it } from 'vitest';
import { disk_cache } from '../../../modules/disk_cache.ts';
import { exampleGuest } from '../../../src/domain-xml/index.ts';
import { FAKE_COMMANDS } from '../../support/fake-commands.ts';
import { fakeHost } from '../../support/fake-host.ts';
import { mistakesIn, planOn, problemOn, summaryOf } from '../../support/plan.ts';

const CONFIG = '/etc/libvirt/qemu/web1.xml';
const LIVE = '/run/libvirt/qemu/web1.xml';

/** The example's guest with these disks in place of its own. */
const withDisks = (disks: string): Record<string, string> => ({
  [CONFIG]: exampleGuest('config').replace(/ {4}<disk[\s\S]*<\/disk>\n/, disks),
});
const disk = (target: string, bus: string, more = '', kind = "type='file' device='disk'") =>
  `    <disk ${kind}>\n      <driver name='qemu' type='raw'${more}/>\n      <source file='/srv/${target}.img'/>\n      <target dev='${target}' bus='${bus}'/>\n    </disk>\n`;

describe('disk_cache', () => {
  it('sets the guest as it is defined, and tells what the running one waits for', async () => {
    const files = { [CONFIG]: exampleGuest('config'), [LIVE]: exampleGuest('live') };

    const plan = await planOn(disk_cache, { guests: 'web1', cache: 'none', io: 'native' }, files);

    expect(summaryOf(plan)).toEqual([
      'persistent web1: disk vda cache: default → none, disk vda io: default → native',
      'pending web1: disk vda cache: default → none, disk vda io: default → native, when it is shut down and started again',
    ]);
    expect(plan.pending?.[0]?.needs).toBe('guest-restart');
    expect(plan.changes[0]?.after).toEqual({
      is: 'text',
      text: exampleGuest('config').replace("type='qcow2'/>", "type='qcow2' cache='none' io='native'/>"),
    });
  });

  it('leaves a transient guest to a person, and one that is not to be defined', async () => {
    const transient = await planOn(disk_cache, { guests: 'all', cache: 'none' }, { [LIVE]: exampleGuest('live') });
    const liveOnly = await planOn(
      disk_cache,
      { guests: 'all', cache: 'none', config: false },
      { [CONFIG]: exampleGuest('config'), [LIVE]: exampleGuest('live') },
    );

    for (const plan of [transient, liveOnly]) {
      expect(plan.changes).toEqual([]);
      expect(plan.pending).toMatchObject([{ needs: 'manual', summary: expect.stringContaining('not defined so') }]);
    }
  });

  it.each([
    ['disks: [vd*]', { disks: 'vd*' }, ['vda', 'vdb']],
    ['bus', { bus: 'scsi' }, ['sda']],
    ['a drive that is named', { device: 'cdrom' }, ['sdb']],
    ['source', { source: '/srv/vd[b-z].*' }, ['vdb']],
  ])('chooses by %s', async (_, choice, targets) => {
    const files = withDisks(
      disk('vda', 'virtio') +
        disk('vdb', 'virtio') +
        disk('sda', 'scsi') +
        disk('sdb', 'sata', '', "type='file' device='cdrom'") +
        disk('vdc', 'virtio', '', "type='vhostuser' device='disk'"),
    );

    const plan = await planOn(disk_cache, { guests: 'all', cache: 'none', ...choice }, files);
    const all = await planOn(disk_cache, { guests: 'all', cache: 'none' }, files);

    expect(summaryOf(plan)).toEqual([
      `persistent web1: ${targets.map((target) => `disk ${target} cache: default → none`).join(', ')}`,
    ]);
    expect(summaryOf(all)[0]).toMatch(/vda.*vdb.*sda cache/);
  });

  it.each([
    [
      'io native with the cache that is there',
      { io: 'native' },
      disk('vda', 'virtio', " cache='writeback'"),
      'BadDiskOptions: web1, disk vda: io native needs cache none or directsync, not writeback',
    ],
    [
      'a cache that the io does not go with',
      { cache: 'writeback' },
      disk('vda', 'virtio', " cache='none' io='native'"),
      'BadDiskOptions',
    ],
    [
      'zeroes to unmap without discard',
      { detect_zeroes: 'unmap' },
      disk('vda', 'virtio'),
      'BadDiskOptions: web1, disk vda: detect_zeroes unmap needs discard unmap',
    ],
    [
      'an IO thread that is not there',
      { iothread: 2 },
      disk('vda', 'virtio'),
      'NoSuchIothread: web1, disk vda: the guest has no IO thread 2',
    ],
    [
      'an IO thread for another bus',
      { iothread: 1 },
      disk('sda', 'scsi'),
      'NotVirtio: web1, disk sda: iothread is for virtio disks',
    ],
    ['queues for another bus', { queues: 4 }, disk('sda', 'sata'), 'NotVirtio'],
  ])('refuses %s', async (_, params, disks, problem) => {
    expect(await problemOn(disk_cache, { guests: 'all', ...params }, withDisks(disks))).toContain(problem);
  });

  it('says what is lost with cache unsafe', async () => {
    const plan = await planOn(disk_cache, { guests: 'all', cache: 'unsafe' }, withDisks(disk('vda', 'virtio')));

    expect(plan.notes).toEqual(['web1: cache unsafe on vda: when the host crashes, what is on it is lost']);
  });

  it('keeps the password of the guest, and shows it to nobody', async () => {
    const secret = exampleGuest('config').replace("port='-1'", "port='-1' passwd='s3cret'");
    const host = fakeHost({ files: { [CONFIG]: secret }, commands: FAKE_COMMANDS });
    const plan = await planOn(disk_cache, { guests: 'all', cache: 'none' }, { [CONFIG]: secret });

    const { results } = await host.exchange({ actions: plan.changes.flatMap((change) => change.do), probes: [] });

    expect(results).toEqual([{ ok: true }]);
    expect(host.read(CONFIG)).toMatch(/passwd="s3cret"[\s\S]*/);
    expect(host.read(CONFIG)).toMatch(/cache="none"/);
    expect(JSON.stringify(plan)).not.toContain('s3cret');
  });

  it.each([
    [{ guests: 'all' }, 'nothing is asked for'],
    [{ cache: 'none' }, 'say which guests'],
    [{ guests: 'a', cache: 'writeback', io: 'native' }, 'io native needs cache none or directsync, not writeback'],
    [{ guests: 'a', cache: 'non' }, 'cache: '],
  ])('takes %j for a mistake', (params, mistake) => {
    expect(mistakesIn(disk_cache, params).join()).toContain(mistake);
  });

  it('is n/a where there are no guests, and says which name is wrong', async () => {
    const files = withDisks('');

    expect((await planOn(disk_cache, { guests: 'all', cache: 'none' }, {})).na).toBe('this host has no guests');
    expect((await planOn(disk_cache, { guests: 'db*', cache: 'none' }, files)).na).toBe('no guest is meant here');
    expect((await planOn(disk_cache, { guests: 'all', cache: 'none' }, files, { commands: {} })).na).toBe(
      'there is no virsh on this host',
    );
    expect(await problemOn(disk_cache, { guests: 'web2', cache: 'none' }, files)).toBe(
      'NoSuchGuest: there is no guest "web2" on this host (did you mean "web1"?)',
    );
    expect(await problemOn(disk_cache, { guests: 'web1', cache: 'none' }, files, { commands: {} })).toContain(
      'NoVirsh',
    );
  });

  it('finds guests by their tag', async () => {
    const files = { [CONFIG]: exampleGuest('config') };

    expect((await planOn(disk_cache, { tag: 'scratch', cache: 'none' }, files)).changes).toHaveLength(1);
    expect((await planOn(disk_cache, { tag: 'scra', cache: 'none' }, files)).changes).toEqual([]);
  });
});
