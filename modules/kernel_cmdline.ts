import { z } from 'zod';
import { integer, kibibytes, words } from '../src/contract/fields.ts';
import {
  addArgument,
  bootProbes,
  CPU_ARGUMENTS,
  cpusFor,
  defineModule,
  differenceOf,
  dropArgument,
  file,
  formatCpuSet,
  GRUB_DROP_IN,
  isWithin,
  Problem,
  parseCmdline,
  parseCpuSet,
  planOf,
  printNodes,
  reserveProbes,
  type Seen,
  sameBoot,
  sameName,
  setArgument,
  setBootArguments,
  setHugePages,
  splitCpus,
  type TunedSetting,
  tunedNotes,
  tunedProbes,
  type Wish,
} from '../src/contract/index.ts';

const ONLINE = '/sys/devices/system/cpu/online';
const POSSIBLE = '/sys/devices/system/cpu/possible';

/** Each counts beside the others of its name. Source: kernel-parameters.txt, dracut.cmdline(7), systemd-debug-generator(8). */
const MANY = [
  ...['console', 'earlycon', 'memmap', 'module_blacklist', 'modprobe.blacklist', 'acpi_osi', 'efi', 'ip'],
  ...['rd.lvm.lv', 'rd.lvm.vg', 'rd.luks.uuid', 'rd.luks.name', 'rd.md.uuid', 'rd.dm.uuid', 'rd.driver.blacklist'],
  ...['systemd.mask', 'systemd.wants', 'systemd.setenv', 'vfio_pci.ids', 'dyndbg'],
];

const Name = z.string().regex(/^[A-Za-z][\w.-]*$/, 'expected the name of an argument, such as isolcpus');
/** GRUB's menu is a script, and its maker another: what means something to them does not arrive as it is written. */
const Text = z
  .union([z.string(), z.number()], { error: 'expected a text, a number, true for a bare word, or a list' })
  .transform(String)
  .refine((text) => !/["'`$\\;&|<>{}\n\r\0]/.test(text), 'has a character that bootloaders take for their own');
const Value = z.union([z.literal(true), Text, z.array(Text).min(1)], {
  error: 'expected a text, a number, true for a bare word, or a list; `remove` takes an argument out',
});

const Pool = z
  .strictObject({
    size: kibibytes().describe('Size of the pages: `2M`, `1G`.'),
    total: integer().optional().describe('Pages on the whole host. Either this or `nodes`.'),
    nodes: z
      .record(z.string().regex(/^\d+$/, "expected a NUMA node's number"), integer())
      .optional()
      .describe('Pages by NUMA node, `{0: 8, 1: 8}`. Kernel 5.17 and later.'),
  })
  .refine(({ total, nodes }) => (total === undefined) !== (nodes === undefined), 'expected either `total` or `nodes`');

const Params = z
  .strictObject({
    arguments: z
      .record(Name, Value)
      .prefault({})
      .describe(
        'Arguments and their values: `intel_iommu: "on"`, `nosmt: true` for a bare word, a list for one that is given several times. Sets of CPUs may say `guests` or `host`, as host_reserve has it: `isolcpus: "managed_irq,domain,guests"`.',
      ),
    remove: words()
      .refine((all) => all.every((one) => /^[A-Za-z][\w.-]*(=.*)?$/.test(one)), 'expected names, or name=value')
      .optional()
      .describe('Arguments to take out, by name, or `name=value` for one of several: `quiet`, `console=tty0`.'),
    hugepages: z
      .array(Pool)
      .min(1)
      .optional()
      .describe('Huge pages to reserve at boot, a pool for each size. Pools of other sizes are left as they are.'),
    file: z
      .string()
      .regex(/^\/etc\/default\/grub\.d\/[^/]+\.cfg$/, 'expected a path like /etc/default/grub.d/NAME.cfg')
      .prefault(GRUB_DROP_IN)
      .describe('Where arguments are added that no other file gives, on hosts of the Debian family with GRUB.'),
  })
  .superRefine((params, context) => {
    const say = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    const names = Object.keys(params.arguments);
    if (names.length + (params.remove?.length ?? 0) + (params.hugepages?.length ?? 0) === 0)
      say([], 'expected `arguments`, `remove` or `hugepages`');
    for (const [at, name] of names.entries()) {
      if (names.slice(at + 1).some((other) => sameName(other, name)))
        say(['arguments', name], `${name} is there twice`);
      if (params.remove?.some((one) => sameName(one, name))) say(['remove'], `${name} is set and removed`);
      if (['hugepages', 'hugepagesz'].includes(name))
        say(['arguments', name], 'give it as `hugepages`: its order counts');
    }
    const sizes = params.hugepages?.map(({ size }) => size) ?? [];
    if (new Set(sizes).size < sizes.length) say(['hugepages'], 'a size is there twice');
  });
type Params = z.infer<typeof Params>;

export const kernel_cmdline = defineModule({
  name: 'kernel_cmdline',
  summary: "Set, replace or remove arguments of the kernel's command line, for the next boots.",
  notes: `
One argument at a time, wherever it is written, and every other byte stays: in \`/etc/default/grub\` and the files beside it (with
\`update-grub\` or \`grub2-mkconfig\` after), in the entries of GRUB and systemd-boot under \`/boot/loader/entries\`, in grubenv where entries
name its \`$kernelopts\`, and in \`/etc/kernel/cmdline\`, which new kernels are installed with. All of those that are on a host are set;
what is for recovery or rescue is left alone. Pending until the running kernel was booted with it.

An argument that counts several times (\`console\`) is added to; a list says all of its values. grubby is not used: it knows an argument
by its name alone, so it cannot keep \`hugepagesz=1G hugepages=8 hugepagesz=2M hugepages=64\` apart. \`isolcpus\` cannot be undone
without a reboot: for most hosts \`cpu_isolation\` is enough.`,
  crossChecked: true,
  params: Params,
  reads: (params) => ({
    ...bootProbes(params.file),
    ...reserveProbes,
    ...tunedProbes,
    [ONLINE]: file(ONLINE),
    [POSSIBLE]: file(POSSIBLE),
  }),
  plan(params, seen) {
    const wishes = wishesOf(params, seen);
    const { changes, pending, na } = setBootArguments(seen, params.file, wishes);
    const notes = tunedNotes(seen, (one) => alsoSets(params, one));
    return na === undefined ? planOf(changes, pending, notes) : { changes: [], na };
  },
  same: sameBoot,
  examples: [
    {
      title: 'CPUs and huge pages for guests (Debian, GRUB)',
      params: {
        arguments: {
          isolcpus: 'managed_irq,domain,guests',
          nohz_full: 'guests',
          rcu_nocbs: 'guests',
          irqaffinity: 'host',
          intel_iommu: 'on',
        },
        hugepages: [{ size: '1G', nodes: { 0: 8, 1: 8 } }],
      },
      host: {
        '/etc/kvmplay/host_reserve': { text: 'host=0-1\nguests=2-7\n', mode: '0644' },
        '/etc/default/grub': {
          text: 'GRUB_DEFAULT=0\nGRUB_CMDLINE_LINUX_DEFAULT="quiet isolcpus=6,7"\nGRUB_CMDLINE_LINUX=""\n',
          mode: '0644',
        },
        '/boot/grub/grub.cfg': {
          text: `### BEGIN /etc/grub.d/10_linux ###
menuentry 'Debian GNU/Linux' --class debian $menuentry_id_option 'gnulinux-simple-1' {
	linux	/vmlinuz-6.1.0-18-amd64 root=/dev/vda1 ro  quiet isolcpus=6,7
}
### END /etc/grub.d/10_linux ###
`,
          mode: '0444',
        },
        '/proc/cmdline': 'BOOT_IMAGE=/vmlinuz-6.1.0-18-amd64 root=/dev/vda1 ro quiet isolcpus=6,7\n',
        [ONLINE]: '0-7\n',
        [POSSIBLE]: '0-7\n',
      },
    },
    {
      title: 'Entries of GRUB (RHEL 9): the IOMMU on, mitigations as the distribution has them',
      params: {
        arguments: { amd_iommu: 'on', iommu: 'pt', console: ['tty0', 'ttyS0,115200'] },
        remove: ['mitigations'],
      },
      host: {
        '/boot/loader/entries/0123456789abcdef-5.14.0-427.el9.x86_64.conf':
          'title Red Hat Enterprise Linux (5.14.0-427.el9.x86_64)\nversion 5.14.0-427.el9.x86_64\nlinux /vmlinuz-5.14.0-427.el9.x86_64\ninitrd /initramfs-5.14.0-427.el9.x86_64.img\noptions root=/dev/mapper/rhel-root ro mitigations=off console=ttyS0 rd.lvm.lv=rhel/root\n',
        '/etc/default/grub': 'GRUB_CMDLINE_LINUX="rd.lvm.lv=rhel/root mitigations=off"\nGRUB_ENABLE_BLSCFG=true\n',
        '/proc/cmdline': 'BOOT_IMAGE=(hd0,gpt2)/vmlinuz root=/dev/mapper/rhel-root ro mitigations=off console=ttyS0\n',
      },
    },
    {
      title: 'systemd-boot',
      params: { arguments: { transparent_hugepage: 'madvise', nosmt: true }, remove: ['quiet'] },
      host: {
        '/efi/loader/entries/arch-linux.conf':
          'title Arch Linux\nlinux /vmlinuz-linux\ninitrd /initramfs-linux.img\noptions root=UUID=1 rw quiet\n',
        '/etc/kernel/cmdline': 'root=UUID=1 rw quiet\n',
        '/proc/cmdline': 'initrd=\\initramfs-linux.img root=UUID=1 rw quiet\n',
      },
    },
  ],
});

/** What of this a profile of tuned has the host booted with, by options like `cmdline_isolation=+isolcpus=…`. */
function alsoSets(params: Params, { plugin, key, value }: TunedSetting): string | undefined {
  if (plugin !== 'bootloader' || !key.startsWith('cmdline')) return undefined;
  const names = [...Object.keys(params.arguments), ...(params.remove ?? []).map((one) => one.replace(/=.*/, ''))];
  const said = parseCmdline(value.replace(/^[+-]/, '')).args;
  return names.find((name) => said.some((arg) => sameName(arg.name, name)));
}

function wishesOf(params: Params, seen: Seen): Wish[] {
  const set = Object.entries(params.arguments).map(([name, value]) => {
    const values = (Array.isArray(value) ? value : [value]).map((one) =>
      one === true ? undefined : resolved(name, one, seen),
    );
    const adds = !Array.isArray(value) && MANY.some((one) => sameName(one, name));
    return adds ? addArgument(name, values[0]) : setArgument(name, values);
  });
  const gone = (params.remove ?? []).map((one) => {
    const [name = '', ...value] = one.split('=');
    return dropArgument(name, value.length > 0 ? value.join('=') : undefined);
  });
  const pools = (params.hugepages ?? []).map(({ size, total, nodes }) =>
    setHugePages(size, nodes ? printNodes(nodes) : String(total)),
  );
  return [...set, ...gone, ...pools];
}

/** Those that say where the host's own work is. */
const HOST_ARGUMENTS = ['irqaffinity', 'kthread_cpus'];

/** Sets of CPUs by what host_reserve calls them, and none that cannot be. */
function resolved(name: string, value: string, seen: Seen): string {
  if (!CPU_ARGUMENTS.some((one) => sameName(one, name))) return value;
  const words = value.split(',');
  const side = (['guests', 'host'] as const).find((one) => words.includes(one));
  const named = side === undefined ? '' : formatCpuSet(cpusFor(seen, side));
  const text = words.map((one) => (one === side ? named : one)).join();
  const { list } = splitCpus(text);
  // `all` and `0-N` are for the kernel to read.
  if (!/^[\d,:/-]+$/.test(list)) return text;
  const cpus = parseCpuSet(list);
  cpusFor(seen, HOST_ARGUMENTS.includes(name) ? 'host' : 'guests', cpus);
  const possible = parseCpuSet(seen.text(POSSIBLE) ?? '');
  const online = parseCpuSet(seen.text(ONLINE) ?? '');
  if (possible.length > 0 && !isWithin(cpus, possible))
    throw new Problem(
      'NoSuchCpu',
      `${name}: this host has no CPU ${formatCpuSet(differenceOf(cpus, possible))}`,
      `it has ${formatCpuSet(possible)}`,
    );
  if (!HOST_ARGUMENTS.includes(name) && online.length > 0 && isWithin(online, cpus))
    throw new Problem(
      'NoCpuLeft',
      `${name}=${text} leaves the host no CPU of its own`,
      'leave out whole cores, that of CPU 0 among them',
    );
  return text;
}
