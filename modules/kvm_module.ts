import { z } from 'zod';
import { dropInFile, flag, integer, planes } from '../src/contract/fields.ts';
import {
  defineModule,
  type ModuleParameter,
  parameterProbes,
  parametersHere,
  persistParameters,
  planOf,
  sameParameter,
  setParameters,
} from '../src/contract/index.ts';

const nanoseconds = (text: string) => integer().optional().describe(`${text} Nanoseconds.`);
const figure = (text: string) => integer().optional().describe(text);
const choice = (text: string) => flag().optional().describe(text);

/** Source: Documentation/admin-guide/kernel-parameters.txt, Documentation/virt/kvm/halt-polling.rst, modinfo. */
const Kvm = z.strictObject({
  halt_poll_ns: nanoseconds(
    'Longest time that a halted vCPU polls before its thread sleeps. 0 turns polling off; lower it when CPUs are overcommitted. Default on x86: 200000.',
  ),
  halt_poll_ns_grow: figure('Factor by which polling grows. Default: 2.'),
  halt_poll_ns_grow_start: nanoseconds('Where polling starts to grow. Default: 10000.'),
  halt_poll_ns_shrink: figure(
    'Divisor by which polling shrinks; 0 sets it to 0 at once. Default: 0, 2 from kernel 6.12.',
  ),
  ignore_msrs: choice('Whether accesses to unknown MSRs are ignored instead of a fault in the guest. Default: false.'),
  report_ignored_msrs: choice('Whether ignored MSRs are logged. Default: true.'),
  kvmclock_periodic_sync: choice(
    'Whether clocks are synchronised every 300 seconds; false for realtime guests. Default: true.',
  ),
  min_timer_period_us: figure('Shortest period of a guest timer, in microseconds. Default: 200.'),
  nx_huge_pages: choice(
    'Whether huge pages are kept from being executed (iTLB multihit). Off is a security trade for realtime.',
  ),
  nx_huge_pages_recovery_ratio: figure(
    '1/n of the split pages are put together again each period; 0: never. Default: 60.',
  ),
  enable_vmware_backdoor: choice("Whether VMware's backdoor port is emulated. Default: false."),
  tdp_mmu: choice('Whether the parallel MMU is used for two-dimensional paging. Default: true from kernel 5.15.'),
  mmio_caching: choice('Whether MMIO is cached in the page tables. Default: true.'),
  eager_page_split: choice('Whether huge pages are split ahead for dirty logging. Default: true.'),
});
const Intel = z.strictObject({
  nested: choice('Whether guests may run guests. Default: true from kernel 4.20.'),
  ept: choice('Two-dimensional paging. Default: true.'),
  eptad: choice('Accessed and dirty bits of EPT. Default: true.'),
  enable_apicv: choice('Virtual interrupt delivery by the CPU. Default: true.'),
  enable_ipiv: choice('Virtual IPIs by the CPU. Default: true.'),
  enable_shadow_vmcs: choice('Shadow VMCS for nested guests. Default: true.'),
  flexpriority: choice('TPR virtualisation. Default: true.'),
  pml: choice('Page modification logging. Default: true.'),
  preemption_timer: choice("Guest timers by the CPU's preemption timer. Default: true."),
  unrestricted_guest: choice('Real mode without emulation. Default: true.'),
  vpid: choice('Tagged TLB. Default: true.'),
  ple_gap: figure(
    'Longest gap between PAUSEs of a spin loop, in cycles; 0 turns pause-loop exits off, as realtime guests want. Default: 128.',
  ),
  ple_window: figure('Cycles that a vCPU may spin before it exits. Default: 4096.'),
  ple_window_grow: figure('Factor by which the window grows. Default: 2.'),
  ple_window_shrink: figure('Divisor by which the window shrinks. Default: 0.'),
  ple_window_max: figure('Upper bound of the window, in cycles.'),
});
const Amd = z.strictObject({
  nested: choice('Whether guests may run guests. Default: true.'),
  npt: choice('Two-dimensional paging. Default: true.'),
  avic: choice('Virtual interrupts by the CPU. Default: false before Zen 4.'),
  sev: choice('Encrypted guests. Needs the firmware.'),
  sev_es: choice('Encrypted guests with encrypted registers.'),
  nrips: choice('Next instruction pointer saved at exits. Default: true.'),
  vgif: choice('Virtual global interrupt flag. Default: true.'),
  vls: choice('Virtual VMLOAD and VMSAVE. Default: true.'),
  tsc_scaling: choice('TSC scaling by the CPU. Default: true.'),
  pause_filter_thresh: figure('Longest gap between PAUSEs of a spin loop, in cycles. Default: 128.'),
  pause_filter_count: figure('PAUSEs before an exit; 0 turns them off. Default: 3000.'),
  pause_filter_count_grow: figure('Factor by which the count grows. Default: 2.'),
  pause_filter_count_shrink: figure('Divisor by which the count shrinks. Default: 0.'),
  pause_filter_count_max: figure('Upper bound of the count.'),
});

const Modules = z.object({
  kvm: Kvm.prefault({}).describe('Parameters of `kvm`.'),
  kvm_intel: Intel.prefault({}).describe('Parameters of `kvm_intel`; n/a on hosts with another CPU.'),
  kvm_amd: Amd.prefault({}).describe('Parameters of `kvm_amd`; n/a on hosts with another CPU.'),
});
const Params = z
  .strictObject({ ...Modules.shape, file: dropInFile('modprobe.d', 'kvmplay-kvm'), ...planes })
  .refine((params) => parametersOf(params).length > 0, 'expected a parameter of `kvm`, `kvm_intel` or `kvm_amd`');

function parametersOf({ kvm, kvm_intel, kvm_amd }: z.infer<typeof Modules>): ModuleParameter[] {
  return Object.entries({ kvm, kvm_intel, kvm_amd }).flatMap(([module, values]) =>
    Object.entries(values).flatMap(([name, value]: [string, boolean | number | undefined]) =>
      value === undefined ? [] : [{ module, name, value: String(Number(value)) }],
    ),
  );
}

export const kvm_module = defineModule({
  name: 'kvm_module',
  summary: "Set parameters of KVM's kernel modules.",
  notes: `
Set at once where the kernel lets the parameter be written (\`halt_poll_ns\`), and by modprobe.d for the next time that the module is
loaded. What cannot be written is pending: reboot, or unload and load the module while no guest runs. What the kernel was booted with
(\`kvm.halt_poll_ns=0\`) has the last word, and is shown.`,
  params: Params,
  reads: (params) => parameterProbes(parametersOf(params), params.file),
  plan(params, seen) {
    const asked = parametersOf(params);
    const { here, notes } = params.live ? parametersHere(seen, asked) : { here: asked, notes: [] };
    if (here.length === 0) return { changes: [], na: notes.join('; ') };
    const live = params.live ? setParameters(seen, here) : { changes: [], pending: [] };
    const boot = params.persistent ? persistParameters(seen, params.file, here) : { changes: [], pending: [] };
    return planOf([...live.changes, ...boot.changes], [...live.pending, ...boot.pending], notes);
  },
  same: (_, a, b) => sameParameter(a, b),
  examples: [
    {
      title: 'vCPUs that sleep early, on overcommitted hosts',
      params: { kvm: { halt_poll_ns: 50000, halt_poll_ns_grow: 0 } },
      host: {
        '/sys/module/kvm/parameters/halt_poll_ns': '200000\n',
        '/sys/module/kvm/parameters/halt_poll_ns_grow': '2\n',
        '/etc/modprobe.d/kvmplay-kvm.conf': 'options kvm ignore_msrs=1 halt_poll_ns=200000\n',
      },
    },
    {
      title: 'Nested guests, whatever the CPU',
      params: { kvm_intel: { nested: true }, kvm_amd: { nested: true } },
      host: {
        '/sys/module/kvm_intel/parameters/nested': { text: 'N\n', mode: '0444' },
        '/etc/modprobe.d/kvm.conf': '# options kvm_intel nested=1\n',
      },
    },
    {
      title: 'Realtime guests on AMD',
      params: { kvm: { kvmclock_periodic_sync: false, nx_huge_pages: false }, kvm_amd: { pause_filter_count: 0 } },
      host: {
        '/sys/module/kvm/parameters/kvmclock_periodic_sync': { text: 'Y\n', mode: '0444' },
        '/sys/module/kvm/parameters/nx_huge_pages': 'Y\n',
        '/sys/module/kvm_amd/parameters/pause_filter_count': { text: '3000\n', mode: '0444' },
        '/proc/cmdline': 'BOOT_IMAGE=/vmlinuz root=/dev/sda1 kvm.nx_huge_pages=force quiet\n',
      },
    },
  ],
});
