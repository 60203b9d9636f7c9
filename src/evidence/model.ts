/** What `kvmplay evidence` measured on hosts. Plain data. */
export interface EvidenceDocument {
  readonly schema: 'kvmplay.evidence/1';
  readonly hosts: readonly Evidence[];
}

/**
 * What a tuning is for, as it shows on a running host over an interval: where guests' CPUs ran, where their memory is,
 * what interrupted whom. Measured, never taken from what was configured.
 */
export interface Evidence {
  readonly host: string;
  /** When the last sample was taken, ISO 8601, UTC. */
  readonly taken: string;
  /** Between the first and the last sample, by the host's own clock. */
  readonly seconds: number;
  readonly samples: number;
  readonly guests: readonly GuestEvidence[];
  readonly cpus: readonly CpuEvidence[];
  readonly nodes: readonly NodeEvidence[];
  /** Null where the kernel has no KSM. */
  readonly ksm: KsmEvidence | null;
}

export interface GuestEvidence {
  readonly name: string;
  readonly pid: number;
  readonly vcpus: readonly VcpuEvidence[];
  /** `emulator`, `iothread1`, and `vhost`: the kernel's threads that carry its packets. */
  readonly threads: readonly ThreadEvidence[];
  /** Its memory by NUMA node. Source: /proc/PID/numa_maps. Null where the kernel does not show it. */
  readonly memory: readonly { readonly node: number; readonly mib: number }[] | null;
  /** Memory on nodes where none of its vCPUs ran. */
  readonly remoteMib: number | null;
  /** Backed by hugetlbfs, and by transparent huge pages. Source: /proc/PID/smaps_rollup. */
  readonly hugetlbMib: number | null;
  readonly thpMib: number | null;
  /** Pages that KSM merged. Source: /proc/PID/ksm_merging_pages. */
  readonly ksmPages: number | null;
}

export interface ThreadEvidence {
  readonly thread: string;
  /** Where it may run: a CPU list. */
  readonly allowed: string;
  /** Where it was seen, and how often it was seen there. */
  readonly ran: readonly { readonly cpu: number; readonly times: number }[];
  /** Of the interval, in percent: running, and ready to run but made to wait, which the guest sees as steal. */
  readonly runPercent: number;
  readonly waitPercent: number;
}

export interface VcpuEvidence extends ThreadEvidence {
  readonly vcpu: number;
  /** Of the interval, in percent: polling before a halt in vain. Null where KVM does not say. */
  readonly haltPollPercent: number | null;
}

export interface CpuEvidence {
  readonly cpu: number;
  readonly node: number;
  readonly interruptsPerSecond: number;
  /** Of the interval, in percent. Source: /proc/stat. */
  readonly busyPercent: number;
  readonly guestPercent: number;
  readonly softirqPercent: number;
  /** Taken by a hypervisor under this host. */
  readonly stealPercent: number;
  /** The vCPUs that were seen here: `web1/0`. */
  readonly vcpus: readonly string[];
}

export interface NodeEvidence {
  readonly node: number;
  /** By size in KiB. */
  readonly hugepages: readonly { readonly kib: number; readonly total: number; readonly used: number }[];
}

export interface KsmEvidence {
  readonly run: string;
  readonly mergeAcrossNodes: boolean | null;
  /** What it saves: pages_sharing, in MiB of 4 KiB pages. */
  readonly savedMib: number;
  readonly pagesShared: number;
  readonly pagesSharing: number;
}
