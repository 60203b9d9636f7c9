import { describe, expect, it } from 'vitest';
import { kernel_cmdline } from '../../../modules/kernel_cmdline.ts';
import { mistakesIn, planOn, problemOn, summaryOf } from '../../support/plan.ts';

const GRUB = '/etc/default/grub';
const OURS = '/etc/default/grub.d/90-kvmplay.cfg';
const MENU = '/boot/grub/grub.cfg';
const ENTRY = '/boot/loader/entries/0a1b-5.14.0-427.el9.x86_64.conf';
const ENV = '/boot/grub2/grubenv';

const menu = (args: string) => `set timeout=5
### BEGIN /etc/grub.d/10_linux ###
menuentry 'Debian' $menuentry_id_option 'gnulinux-simple-1' {
	linux	/vmlinuz-6.1.0-18-amd64 root=/dev/vda1 ro  ${args}
}
menuentry 'Debian (recovery mode)' $menuentry_id_option 'gnulinux-6.1.0-18-amd64-recovery-1' {
	linux	/vmlinuz-6.1.0-18-amd64 root=/dev/vda1 ro single 
}
### END /etc/grub.d/10_linux ###
`;
const debian = (defaults: string, args: string, more: Record<string, string> = {}) => ({
  [GRUB]: defaults,
  [MENU]: menu(args),
  '/proc/cmdline': `root=/dev/vda1 ro ${args}\n`,
  ...more,
});
const rhel = (options: string, more: Record<string, string> = {}) => ({
  [ENTRY]: `title RHEL\nlinux /vmlinuz\noptions ${options}\n`,
  [ENTRY.replace('0a1b-5', '0a1b-0-rescue-5')]: 'title RHEL rescue\nlinux /vmlinuz-0\noptions root=/dev/sda1 ro\n',
  ...more,
});

/** Each file as it will be, null where it is taken away; and the commands that are run. */
async function written(params: object, files: Record<string, string>) {
  const { changes } = await planOn(kernel_cmdline, params, files);
  return Object.fromEntries(
    changes.map(({ target, after }) => [
      target.kind === 'file' ? target.path : '',
      after.is === 'text' ? after.text : null,
    ]),
  );
}
const set = (args: object) => ({ arguments: args });

describe('kernel_cmdline', () => {
  it('adds in a file of its own what no file says, and has the menu made anew', async () => {
    const files = debian('GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n', 'quiet');

    const plan = await planOn(kernel_cmdline, set({ intel_iommu: 'on', iommu: 'pt' }), files);

    expect(plan.changes[0]?.after).toMatchObject({
      text: `# Written by kvmplay: arguments that no other file gives to the kernel.
GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT intel_iommu=on iommu=pt"\n`,
    });
    expect(plan.changes[0]?.do.at(-1)).toMatchObject({ argv: ['update-grub'] });
    expect(summaryOf(plan)).toEqual([
      `persistent ${OURS}: +intel_iommu=on +iommu=pt`,
      'pending /proc/cmdline: +intel_iommu=on +iommu=pt',
    ]);
  });

  it.each([
    [
      'in double quotes',
      'GRUB_CMDLINE_LINUX_DEFAULT="quiet iommu=off"\n',
      'GRUB_CMDLINE_LINUX_DEFAULT="quiet iommu=pt"\n',
    ],
    ['in single quotes', 'GRUB_CMDLINE_LINUX=\'iommu=off a="b c"\'\n', 'GRUB_CMDLINE_LINUX=\'iommu=pt a="b c"\'\n'],
    ['without quotes', 'GRUB_CMDLINE_LINUX=iommu=off # why\n', 'GRUB_CMDLINE_LINUX=iommu=pt # why\n'],
    [
      'in another variable',
      'COMMON="iommu=off"\nGRUB_CMDLINE_LINUX="$COMMON ro"\n',
      'COMMON="iommu=pt"\nGRUB_CMDLINE_LINUX="$COMMON ro"\n',
    ],
    [
      'twice',
      'GRUB_CMDLINE_LINUX="iommu=off"\nGRUB_CMDLINE_LINUX_DEFAULT="quiet iommu=1"\n',
      'GRUB_CMDLINE_LINUX="iommu=pt"\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\n',
    ],
    [
      "where tuned's plugin was",
      'GRUB_CMDLINE_LINUX_DEFAULT="iommu=off"\nGRUB_CMDLINE_LINUX_DEFAULT="\x24{GRUB_CMDLINE_LINUX_DEFAULT:+$GRUB_CMDLINE_LINUX_DEFAULT }\\$tuned_params"\n',
      'GRUB_CMDLINE_LINUX_DEFAULT="iommu=pt"\nGRUB_CMDLINE_LINUX_DEFAULT="\x24{GRUB_CMDLINE_LINUX_DEFAULT:+$GRUB_CMDLINE_LINUX_DEFAULT }\\$tuned_params"\n',
    ],
  ])('replaces it where it is written: %s', async (_, before, after) => {
    expect(await written(set({ iommu: 'pt' }), debian(before, 'iommu=off'))).toEqual({ [GRUB]: after });
  });

  it('edits the file that has the last word, and no other', async () => {
    const cloud = '/etc/default/grub.d/50-cloudimg-settings.cfg';
    const files = debian('GRUB_CMDLINE_LINUX_DEFAULT="quiet console=tty0"\n', 'console=tty1', {
      [cloud]: 'GRUB_CMDLINE_LINUX_DEFAULT="console=tty1 console=ttyS0"\n',
    });

    expect(await written({ remove: ['console=tty1'] }, files)).toEqual({
      [cloud]: 'GRUB_CMDLINE_LINUX_DEFAULT="console=ttyS0"\n',
    });
    expect(await written(set({ console: 'hvc0' }), files)).toEqual({
      [OURS]: expect.stringContaining('="$GRUB_CMDLINE_LINUX_DEFAULT console=hvc0"'),
    });
  });

  it('adds to its own line, and takes its file away with the last of it', async () => {
    const own = '# Written by kvmplay: arguments that no other file gives to the kernel.\n';
    const files = debian('GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n', 'quiet a=1', {
      [OURS]: `${own}GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT a=1"\n`,
    });

    expect(await written(set({ dyndbg: 'file a.c +p' }), files)).toEqual({
      [OURS]: `${own}GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT a=1 dyndbg=\\"file a.c +p\\""\n`,
    });
    expect(await written({ remove: ['a'] }, files)).toEqual({ [OURS]: null });
  });

  it('has a menu made anew that was made before its files were right', async () => {
    const files = debian('GRUB_CMDLINE_LINUX_DEFAULT="iommu=pt"\n', 'quiet');

    const { changes } = await planOn(kernel_cmdline, set({ iommu: 'pt' }), files);
    const without = await planOn(kernel_cmdline, set({ iommu: 'pt' }), files, { commands: {} });

    expect(changes).toMatchObject([
      { target: { path: MENU }, do: [{ argv: ['update-grub'] }], undo: [{ do: 'write', content: files[MENU] }] },
    ]);
    expect(without.pending).toMatchObject([{ target: { path: MENU }, needs: 'manual' }, { needs: 'reboot' }]);
  });

  it.each([
    ['GRUB_CMDLINE_LINUX="$X"\n', 'NotEditable: iommu is put together out of several places'],
    ['if x; then\nGRUB_CMDLINE_LINUX="iommu=off"\nfi\n', `NotUnderstood: ${GRUB}:3 does more to GRUB_CMDLINE_LINUX`],
  ])('does not guess at %j', async (defaults, problem) => {
    expect(await problemOn(kernel_cmdline, set({ iommu: 'pt' }), debian(`X=io"mmu=o"ff\n${defaults}`, ''))).toContain(
      problem,
    );
  });

  it('is not heard where a later file says all anew', async () => {
    const files = debian('', '', { '/etc/default/grub.d/99-last.cfg': 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n' });

    expect(await problemOn(kernel_cmdline, set({ iommu: 'pt' }), files)).toContain(
      'Overridden: /etc/default/grub.d/99-last.cfg is read after',
    );
    expect(
      await written({ ...set({ iommu: 'pt' }), file: '/etc/default/grub.d/zz-kvmplay.cfg' }, files),
    ).toHaveProperty(['/etc/default/grub.d/zz-kvmplay.cfg']);
  });

  it('edits the entries of RHEL 9, not those for rescue, and what new ones are made of', async () => {
    const files = rhel('root=/dev/sda1 ro  quiet $tuned_params', {
      [GRUB]: 'GRUB_CMDLINE_LINUX="quiet"\nGRUB_ENABLE_BLSCFG=true\n',
      '/etc/kernel/cmdline': 'root=/dev/sda1 ro quiet\n',
      [ENV]: `# GRUB Environment Block\ntuned_params=skew_tick=1\n${'#'.repeat(100)}`,
    });

    expect(await written({ ...set({ iommu: 'pt' }), remove: 'quiet' }, files)).toEqual({
      [ENTRY]: 'title RHEL\nlinux /vmlinuz\noptions root=/dev/sda1 ro  $tuned_params iommu=pt\n',
      '/etc/kernel/cmdline': 'root=/dev/sda1 ro iommu=pt\n',
      [GRUB]: 'GRUB_CMDLINE_LINUX=" iommu=pt"\nGRUB_ENABLE_BLSCFG=true\n',
    });
    expect(await problemOn(kernel_cmdline, set({ skew_tick: 0 }), files)).toBe(
      `NotEditable: skew_tick is set by tuned's active profile ($tuned_params in ${ENV}) (have it set otherwise there)`,
    );
  });

  it('edits the environment block that the entries of RHEL 8 share, and keeps its size', async () => {
    const block = (args: string) =>
      `# GRUB Environment Block\nsaved_entry=x\nkernelopts=root=/dev/sda1 ro ${args}\n`.padEnd(1024, '#');
    const files = rhel('$kernelopts', { [ENV]: block('isolcpus=1-3 quiet') });
    const second = { [ENTRY.replace('427', '428')]: files[ENTRY] ?? '' };

    expect(await written(set({ isolcpus: '2-3', iommu: 'pt' }), { ...files, ...second })).toEqual({
      [ENV]: block('isolcpus=2-3 quiet iommu=pt'),
    });
  });

  it('edits the entries of systemd-boot, with and without options', async () => {
    const files = { '/efi/loader/entries/arch.conf': 'linux /vmlinuz\noptions root=UUID=1 rw\noptions quiet' };

    expect(await written(set({ iommu: 'pt' }), files)).toEqual({
      '/efi/loader/entries/arch.conf': 'linux /vmlinuz\noptions root=UUID=1 rw\noptions quiet iommu=pt',
    });
    expect(await written(set({ iommu: 'pt' }), { '/efi/loader/entries/arch.conf': 'linux /vmlinuz' })).toEqual({
      '/efi/loader/entries/arch.conf': 'linux /vmlinuz\noptions iommu=pt\n',
    });
  });

  it('writes the GRUB of others into their one file', async () => {
    const files = {
      [GRUB]: 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n',
      '/boot/grub2/grub.cfg': menu('quiet'),
    };

    const { changes } = await planOn(kernel_cmdline, set({ iommu: 'pt' }), files);

    expect(changes).toMatchObject([
      {
        target: { path: GRUB },
        after: { text: 'GRUB_CMDLINE_LINUX_DEFAULT="quiet iommu=pt"\n' },
        disturbs: [{ path: '/boot/grub2/grub.cfg' }],
      },
    ]);
    expect(changes[0]?.do.at(-1)).toMatchObject({ argv: ['grub2-mkconfig', '-o', '/boot/grub2/grub.cfg'] });
  });

  it('waits for a reboot until the running kernel has it, and for nothing else', async () => {
    const files = debian('GRUB_CMDLINE_LINUX="iommu=pt"\n', 'iommu=pt');

    const after = await planOn(kernel_cmdline, set({ iommu: 'pt' }), files);
    const before = await planOn(kernel_cmdline, set({ iommu: 'pt' }), { ...files, '/proc/cmdline': 'ro iommu=1\n' });

    expect(after).toEqual({ changes: [] });
    expect(before).toMatchObject({ changes: [], pending: [{ plane: 'pending', needs: 'reboot' }] });
  });

  it('is n/a where nothing is known to boot the host', async () => {
    const files = { '/proc/cmdline': 'ro\n', [GRUB]: 'GRUB_CMDLINE_LINUX=""\n' };

    expect((await planOn(kernel_cmdline, set({ iommu: 'pt' }), files)).na).toContain('no bootloader is known here');
  });

  const cpus = { '/sys/devices/system/cpu/online': '0-7\n', '/sys/devices/system/cpu/possible': '0-7\n' };
  const reserve = { '/etc/kvmplay/host_reserve': 'host=0-1\nguests=2-7\n' };

  it('takes CPUs from host_reserve', async () => {
    const files = debian('', '', { ...cpus, ...reserve });

    const { pending } = await planOn(
      kernel_cmdline,
      set({ isolcpus: 'managed_irq,domain,guests', irqaffinity: 'host' }),
      files,
    );

    expect(pending?.[0]?.summary).toBe('/proc/cmdline: +isolcpus=managed_irq,domain,2-7 +irqaffinity=0-1');
  });

  it.each([
    [set({ nohz_full: 'guests' }), {}, 'NoReserve: '],
    [set({ nohz_full: '1-3' }), reserve, 'ReservedOtherwise: CPUs 1-3 are asked for as the guests'],
    [set({ irqaffinity: '0,2' }), reserve, 'ReservedOtherwise: CPUs 0,2 are asked for as the host'],
    [set({ isolcpus: '2,9' }), {}, 'NoSuchCpu: isolcpus: this host has no CPU 9'],
    [set({ isolcpus: '0-7' }), {}, 'NoCpuLeft: isolcpus=0-7 leaves the host no CPU'],
  ])('%j cannot be had', async (params, more, problem) => {
    expect(await problemOn(kernel_cmdline, params, debian('', '', { ...cpus, ...more }))).toContain(problem);
  });

  it.each([
    [{}, 'expected `arguments`, `remove` or `hugepages`'],
    [set({ iommu: false }), '`remove` takes an argument out'],
    [set({ a: 'x; reboot' }), 'has a character that bootloaders take for their own'],
    [set({ 'a b': '1' }), 'arguments.a b: '],
    [set({ hugepages: 8 }), 'give it as `hugepages`'],
    [{ ...set({ quiet: true }), remove: ['quiet'] }, 'quiet is set and removed'],
    [set({ rcu_nocbs: '1', 'rcu-nocbs': '2' }), 'rcu_nocbs is there twice'],
    [{ hugepages: [{ size: '1G' }] }, 'expected either `total` or `nodes`'],
  ])('%j is a mistake', (params, message) => {
    expect(mistakesIn(kernel_cmdline, params).join()).toContain(message);
  });
});
