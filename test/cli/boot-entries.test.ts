import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Kvmplay, kvmplayOn, type Outcome } from '../support/kvmplay.ts';
import { scratchFolder } from '../support/scratch.ts';
import { tool } from '../support/tool.ts';

/** Mounts over /boot and /etc that this machine does not see, and stays as long as somebody listens. */
const APART = `set -e
mount -t tmpfs none /mnt
mkdir /mnt/upper /mnt/work
mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work /etc
mount -t tmpfs none /boot
mkdir -p /boot/efi
mount -t tmpfs none /boot/efi
mkdir -p /etc/kernel /boot/efi/loader/entries
[ -s /etc/machine-id ] || echo 0123456789abcdef0123456789abcdef >/etc/machine-id
mkdir "/boot/efi/$(cat /etc/machine-id)"
echo type1 >/boot/efi/loader/entries.srel
rm -f /etc/default/grub
echo 'root=/dev/vda rw quiet' >/etc/kernel/cmdline
echo no kernel >/boot/vmlinuz
kernel-install add 6.1.0-1 /boot/vmlinuz >/dev/null
echo ready
exec cat`;

const TASKS = [{ kernel_cmdline: { arguments: { default_hugepagesz: '1G', intel_iommu: 'on' }, remove: ['quiet'] } }];

const canMount = process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0;
if (!canMount) console.warn('skipped: mounts that nobody else sees need root');
const kernelInstall = tool('kernel-install', 'systemd');

// The real kernel-install, whose entries systemd-boot shows.
describe.skipIf(!canMount || kernelInstall === undefined)('kernel_cmdline with systemd-boot', () => {
  let holder: ChildProcessByStdio<Writable, Readable, null>;
  let beside: string[];
  const inside = (command: string) => {
    const [program = '', ...argv] = [...beside, 'sh', '-c', command];
    return spawnSync(program, argv, { encoding: 'utf8' }).stdout;
  };
  const changed = ({ targets }: Outcome) => targets.filter((target) => target !== '/proc/cmdline');
  const optionsOf = (version: string) => inside(`sed -n 's/^options *//p' /boot/efi/loader/entries/*-${version}.conf`);
  const state = () => inside('cat /etc/kernel/cmdline /boot/efi/loader/entries/*.conf');
  let kvmplay: Kvmplay;
  let before: string;
  let run: Outcome;

  beforeAll(async () => {
    holder = spawn('unshare', ['-m', 'sh', '-c', APART], { stdio: ['pipe', 'pipe', 'inherit'] });
    beside = ['nsenter', '-t', String(holder.pid), '-m'];
    const [said] = (await once(holder.stdout, 'data')) as [Buffer];
    expect(String(said)).toContain('ready');
    kvmplay = kvmplayOn({ folder: scratchFolder('kvmplay-boot'), vars: { ansible_connection: 'local' }, beside });
    before = state();
  });
  afterAll(() => {
    holder?.stdin.end();
  });

  it('rewords the entries that are there, and what new kernels are installed with', () => {
    expect(optionsOf('6.1.0-1')).toMatch(/^root=\/dev\/vda rw quiet systemd\.machine_id=\w+\n$/);

    run = kvmplay.run(TASKS);

    expect(run.status, run.words).toBe(0);
    expect(changed(run).sort()).toEqual([
      expect.stringMatching(/^\/boot\/efi\/loader\/entries\/\w+-6\.1\.0-1\.conf$/),
      '/etc/kernel/cmdline',
    ]);
    expect(inside('cat /etc/kernel/cmdline')).toBe('root=/dev/vda rw default_hugepagesz=1G intel_iommu=on\n');
    expect(optionsOf('6.1.0-1')).toMatch(
      /^root=\/dev\/vda rw systemd\.machine_id=\w+ default_hugepagesz=1G intel_iommu=on\n$/,
    );
  });

  it('finds nothing to do when kernel-install has added another kernel by itself', () => {
    inside('kernel-install add 6.1.0-2 /boot/vmlinuz');

    expect(optionsOf('6.1.0-2')).toMatch(
      /^root=\/dev\/vda rw default_hugepagesz=1G intel_iommu=on systemd\.machine_id=\w+\n$/,
    );
    const again = kvmplay.run(TASKS);
    expect([again.status, changed(again), again.roundTrips], again.words).toEqual([0, [], 1]);
    inside('kernel-install remove 6.1.0-2');
  });

  it('leaves all as it was once it is taken back', () => {
    const back = kvmplay.rollback(run.id);

    expect(back.status, back.words).toBe(0);
    expect(state()).toBe(before);
  });
});
