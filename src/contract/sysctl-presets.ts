/** A figure and who recommends it. */
interface Advised {
  readonly value: string;
  readonly source: string;
}

type Preset = Readonly<Record<string, Advised>>;

const THROUGHPUT = 'tuned 2.20, profile throughput-performance';
const PARTITIONING = 'tuned 2.20, profiles realtime and cpu-partitioning';
const VM = 'Documentation/admin-guide/sysctl/vm.rst';

/** Sets of figures that fit together, each with its source. */
export const SYSCTL_PRESETS = {
  /** Guests that float, and share the host. */
  'virtual-host': {
    'vm.swappiness': { value: '10', source: THROUGHPUT },
    'vm.dirty_ratio': { value: '40', source: THROUGHPUT },
    'vm.dirty_background_ratio': { value: '5', source: 'tuned 2.20, profile virtual-host' },
    'vm.zone_reclaim_mode': { value: '0', source: `${VM}, the kernel's default since 3.16` },
  },
  /** Guests that are pinned to CPUs and memory: the kernel has nothing to balance. */
  'pinned-guests': {
    'vm.swappiness': { value: '10', source: 'tuned 2.20, profile latency-performance' },
    'vm.dirty_ratio': { value: '10', source: 'tuned 2.20, profile latency-performance' },
    'vm.dirty_background_ratio': { value: '3', source: 'tuned 2.20, profile latency-performance' },
    'vm.zone_reclaim_mode': { value: '0', source: `${VM}, the kernel's default since 3.16` },
    'kernel.numa_balancing': { value: '0', source: 'tuned 2.20, profile network-latency' },
  },
  /** Realtime guests: as little of the kernel's own work on their CPUs as can be. */
  'realtime-host': {
    'kernel.numa_balancing': { value: '0', source: 'tuned 2.20, profile network-latency' },
    'kernel.nmi_watchdog': { value: '0', source: PARTITIONING },
    'kernel.timer_migration': { value: '0', source: PARTITIONING },
    'kernel.hung_task_timeout_secs': { value: '600', source: PARTITIONING },
    'kernel.sched_rt_runtime_us': { value: '-1', source: 'tuned 2.20, profile realtime' },
    'vm.stat_interval': { value: '10', source: PARTITIONING },
  },
} as const satisfies Readonly<Record<string, Preset>>;

export type SysctlPreset = keyof typeof SYSCTL_PRESETS;
export const SYSCTL_PRESET_NAMES = Object.keys(SYSCTL_PRESETS) as [SysctlPreset, ...SysctlPreset[]];

export const presetValues = (name: SysctlPreset | undefined): [string, string][] =>
  name === undefined
    ? []
    : Object.entries<Advised>(SYSCTL_PRESETS[name]).map(([key, { value }]): [string, string] => [key, value]);

/** Every preset as Markdown, for the reference. */
export const presetTable = (): string =>
  [
    '| preset | key | value | source |',
    '|---|---|---|---|',
    ...Object.entries<Preset>(SYSCTL_PRESETS).flatMap(([name, keys]) =>
      Object.entries(keys).map(([key, { value, source }]) => `| \`${name}\` | \`${key}\` | ${value} | ${source} |`),
    ),
  ].join('\n');
