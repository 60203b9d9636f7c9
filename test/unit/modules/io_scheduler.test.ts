import { describe, expect, it } from 'vitest';
import { io_scheduler } from '../../../modules/io_scheduler.ts';
import { mistakesIn, planOn, problemOn, summaryOf } from '../../support/plan.ts';

const RULES = '/etc/udev/rules.d/66-kvmplay-ioscheduler.rules';
const live = { persistent: false };
const now = { live: false };

/** `sda: '[none] mq-deadline'` and more of its queue. */
function disks(schedulers: Record<string, string>, more: Record<string, string> = {}): Record<string, string> {
  const files = Object.entries(schedulers).flatMap(([disk, text]) => [
    [`/sys/block/${disk}/queue/scheduler`, `${text}\n`],
    [`/sys/block/${disk}/queue/rotational`, '0\n'],
    [`/sys/block/${disk}/queue/nr_requests`, '64\n'],
  ]);
  const others = Object.entries(more).map(([path, text]) => [`/sys/block/${path}`, `${text}\n`]);
  return Object.fromEntries([...files, ...others]);
}

const rulesOf = async (params: object, files: Record<string, string>) => {
  const { changes } = await planOn(io_scheduler, { ...params, ...now }, files);
  const after = changes[0]?.after;
  return after?.is === 'text' ? after.text.split('\n').slice(1, -1) : [];
};

describe('io_scheduler', () => {
  it.each([
    // Debian 12, kernel 6.1: order and blanks vary with the driver.
    ['bfq', 'none [mq-deadline] kyber bfq ', 'mq-deadline → bfq', 'bfq'],
    ['deadline', '[none] mq-deadline kyber bfq ', 'none → mq-deadline', 'mq-deadline'],
    ['noop', 'mq-deadline [kyber] none', 'kyber → none', 'none'],
    ['cfq', '[mq-deadline] kyber none', 'mq-deadline → bfq', 'bfq'],
    ['bfq', '[mq-deadline] none', 'mq-deadline → bfq', 'bfq'],
    // CentOS 7, kernel 3.10.
    ['mq-deadline', 'noop deadline [cfq] ', 'cfq → deadline', 'deadline'],
    ['cfq', 'noop [deadline] cfq ', 'deadline → cfq', 'cfq'],
    ['none', 'noop [deadline] cfq ', 'deadline → noop', 'noop'],
  ])('asked for %s where the kernel has "%s": %s', async (scheduler, text, summary, written) => {
    const plan = await planOn(io_scheduler, { devices: 'sda', scheduler, ...live }, disks({ sda: text }));

    expect(plan.changes).toMatchObject([{ summary: `sda.scheduler: ${summary}` }]);
    expect(plan.changes[0]?.do[0]).toMatchObject({ value: written });
  });

  it('names what a kernel has when it cannot have what is asked', async () => {
    expect(await problemOn(io_scheduler, { devices: 'sda', scheduler: 'fair' }, disks({ sda: '[none] bfq' }))).toBe(
      'NotOffered: sda: this kernel has no I/O scheduler "fair" (choose one of: none, bfq)',
    );
  });

  it('sets the queue again after a switch, which resets it, and puts all of it back', async () => {
    const files = disks({ sda: '[mq-deadline] bfq' }, { 'sda/queue/iosched/read_expire': '400' });
    const params = { devices: 'sda', scheduler: 'bfq', tunables: { slice_idle: 0 }, nr_requests: 64, ...live };
    const poke = (name: string, value: string) => ({ do: 'poke', path: `/sys/block/sda/queue/${name}`, value });

    const { changes } = await planOn(io_scheduler, params, files);

    expect(changes).toMatchObject([
      {
        do: [poke('scheduler', 'bfq'), poke('nr_requests', '64'), poke('iosched/slice_idle', '0')],
        undo: [poke('scheduler', 'mq-deadline'), poke('nr_requests', '64'), poke('iosched/read_expire', '400')],
        impact: 'guest-latency',
      },
    ]);
  });

  it('sets the queue alone where the scheduler is right', async () => {
    const files = disks({ sda: '[bfq] none' }, { 'sda/queue/iosched/slice_idle': '8' });
    const params = { devices: 'sda', scheduler: 'bfq', tunables: { slice_idle: 0 }, nr_requests: 128, ...live };

    expect(summaryOf(await planOn(io_scheduler, params, files))).toEqual([
      'live sda.nr_requests: 64 → 128',
      'live sda.iosched/slice_idle: 8 → 0',
    ]);
    expect(await problemOn(io_scheduler, { devices: 'sda', tunables: { slice_idel: 0 } }, files)).toBe(
      'NotOffered: sda: the scheduler bfq has no slice_idel (it has: slice_idle)',
    );
  });

  it.each([
    [{ devices: '*' }, ['nvme0n1', 'sda', 'sdb', 'vda']],
    [{ devices: 'sd*' }, ['sda', 'sdb']],
    [{ devices: ['vda', 'sd[b]'] }, ['sdb', 'vda']],
    [{ devices: 'dm-0' }, ['dm-0']],
    [{ class: 'rotational' }, ['sda']],
    [{ class: 'ssd' }, ['sdb']],
    [{ class: 'nvme' }, ['nvme0n1']],
    [{ class: 'virtio' }, ['vda']],
    [{ class: 'members' }, ['nvme0n1', 'sda', 'sdb']],
    [{ class: 'members', devices: 'sd*' }, ['sda', 'sdb']],
    [{ class: 'members', devices: 'dm-0' }, ['nvme0n1', 'sda']],
    [{ class: 'members', devices: 'dm-1' }, ['nvme0n1', 'sda', 'sdb']],
  ])('takes for %j the disks %j', async (which, expected) => {
    const all = ['dm-0', 'dm-1', 'loop0', 'nvme0c0n1', 'nvme0n1', 'sda', 'sdb', 'vda', 'zram0'];
    const files = disks(Object.fromEntries(all.map((disk) => [disk, '[mq-deadline] none'])), {
      'sda/queue/rotational': '1',
      'vda/queue/rotational': '1',
      'dm-0/slaves/sda3/dev': '8:3',
      'dm-0/slaves/nvme0n1p2/dev': '259:2',
      'dm-1/slaves/dm-0/dev': '253:0',
      'dm-1/slaves/sdb/dev': '8:16',
    });

    const { changes } = await planOn(io_scheduler, { ...which, scheduler: 'none', ...live }, files);

    expect(changes.map(({ summary }) => summary.replace('.scheduler: mq-deadline → none', '')).sort()).toEqual(
      expected,
    );
  });

  it('knows the disk behind a name that stays', async () => {
    const files = { ...disks({ sda: '[mq-deadline] none' }), '/dev/disk/by-id/ata-X_1': { link: '../../sda' } };
    const params = { devices: '/dev/disk/by-id/ata-X_1', scheduler: 'none' };

    const { changes } = await planOn(io_scheduler, params, files);

    expect(changes).toMatchObject([
      { summary: 'sda.scheduler: mq-deadline → none' },
      { after: { text: expect.stringContaining('SYMLINK=="disk/by-id/ata-X_1", ATTR{queue/scheduler}="none"\n') } },
    ]);
  });

  const noDisk = 'KERNEL!="loop*|ram*|zram*|sr*|fd*|dm-*|md*|nbd*|nvme*c*"';
  const head = 'ACTION=="add|change", SUBSYSTEM=="block", ENV{DEVTYPE}=="disk"';
  it.each([
    [{ devices: 'sda' }, 'KERNEL=="sda"'],
    [{ devices: 'sda, sdb' }, 'KERNEL=="sda|sdb"'],
    [{ class: 'rotational' }, 'KERNEL=="sd*|hd*", ATTR{queue/rotational}=="1"'],
    [{ devices: 'sd*' }, `${noDisk}, KERNEL=="sd*"`],
    [{ class: 'nvme', devices: 'nvme[01]*' }, `KERNEL=="nvme*", ${noDisk}, KERNEL=="nvme[01]*"`],
  ])('writes for %j a rule with %s', async (which, match) => {
    const files = disks({ sda: 'x', sdb: 'x', nvme0n1: 'x' }, { 'sda/queue/rotational': '1' });

    const rules = await rulesOf({ ...which, read_ahead_kb: 4096, nr_requests: 128 }, files);

    expect(rules).toEqual([
      `${head}, ${match}, ATTR{queue/nr_requests}="128"`,
      `${head}, ${match}, ATTR{queue/read_ahead_kb}="4096"`,
    ]);
  });

  it('changes its own rule and leaves the others', async () => {
    const rule = (value: string) => `${head}, KERNEL=="sda", ATTR{queue/scheduler}="${value}"`;
    const files = {
      ...disks({ sda: '[none] bfq' }),
      [RULES]: `# mine\n${rule('bfq')}\nKERNEL=="sdb", ATTR{queue/scheduler}="bfq"\n`,
    };

    const { changes } = await planOn(io_scheduler, { devices: 'sda', scheduler: 'none' }, files);

    expect(changes).toMatchObject([
      { after: { text: `# mine\n${rule('none')}\nKERNEL=="sdb", ATTR{queue/scheduler}="bfq"\n` } },
    ]);
  });

  it('is n/a where there is no such disk, and notes what has no queue', async () => {
    expect(await planOn(io_scheduler, { class: 'nvme', scheduler: 'none' }, disks({ sda: 'x' }))).toEqual({
      changes: [],
      na: 'no such disk here',
    });
    const bare = { '/sys/block/sda/queue/rotational': '0\n' };
    expect((await planOn(io_scheduler, { devices: 'sd*', scheduler: 'none', ...live }, bare)).notes).toEqual([
      'sda: n/a, it has no I/O scheduler',
    ]);
    expect(await problemOn(io_scheduler, { devices: 'sdc', scheduler: 'none' }, disks({ sda: 'x' }))).toBe(
      'UnknownDisk: there is no disk sdc here (did you mean sda?)',
    );
  });

  it.each([
    [{ scheduler: 'none' }, ': expected `devices` or `class`'],
    [{ devices: 'sda' }, ': expected `scheduler`, or another setting of the queue'],
    [{ devices: 'sd"a', scheduler: 'none' }, 'devices: expected names such as sda, nvme* or /dev/disk/by-id/…'],
    [{ devices: 'sda', read_ahead_kb: 5 }, 'read_ahead_kb: expected a multiple of 4: the kernel counts in pages'],
    [
      { devices: 'sda', rq_affinity: 3 },
      'rq_affinity: expected an integer from 0 to 2, in decimal and without leading zeros',
    ],
  ])('refuses %j', (params, message) => {
    expect(mistakesIn(io_scheduler, params)).toContain(message);
  });

  it('has udev find a disk by its serial where it has one', async () => {
    const udevadm = (argv: readonly string[]) =>
      argv.at(-1) === '--name=/dev/sda'
        ? 'DEVNAME=/dev/sda\nID_SERIAL=0QEMU_QEMU_HARDDISK_HDD0001\n'
        : 'DEVNAME=/dev/vda\n';
    const when = 'ACTION=="add|change", SUBSYSTEM=="block", ENV{DEVTYPE}=="disk"';

    const { changes } = await planOn(
      io_scheduler,
      { devices: ['sda', 'vda'], scheduler: 'none', ...now },
      disks({ sda: '[none]', vda: '[none]' }),
      { commands: { udevadm } },
    );

    expect(changes[0]?.after).toMatchObject({
      text: expect.stringContaining(
        `${when}, ENV{ID_SERIAL}=="0QEMU_QEMU_HARDDISK_HDD0001", ATTR{queue/scheduler}="none"\n${when}, KERNEL=="vda", ATTR{queue/scheduler}="none"\n`,
      ),
    });
  });
});
