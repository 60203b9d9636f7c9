// What a host itself shows of a guest that runs: shell commands that print it.

export const pidOf = (name: string) => `$(cat /run/libvirt/qemu/${name}.pid)`;

/** One argument of its process to a line. */
export const argvOf = (name: string) => `tr '\\0' '\\n' </proc/${pidOf(name)}/cmdline`;

/**
 * The CPUs of each thread, as the kernel holds it there. All that is neither vCPU nor IO thread is the emulator's, but for the
 * one (TC) that has had the memory taken near where it is to be.
 */
export const threadsOf = (name: string) =>
  `awk -F'\\t' '/^Name/ { name = $2 ~ /^(CPU|IO iothread|TC)/ ? $2 : "emulator" } /^Cpus_allowed_list/ && name !~ /^TC/ { print name ": " $2 }' /proc/${pidOf(name)}/task/*/status | sort -u`;

/** Policy, pages by node and size of a page, of the memory that is huge pages. */
export const hugeMemoryOf = (name: string) =>
  `awk '/ huge / { line = $2; for (i = 3; i <= NF; i++) if ($i ~ /^N[0-9]+=|^kernelpagesize/) line = line " " $i; print line }' /proc/${pidOf(name)}/numa_maps`;

/** Files of its control groups, each as `FILE:CONTENT`. */
export const cgroupOf = (name: string, files: string) =>
  `grep -H . /sys/fs/cgroup/machine.slice/machine-qemu*${name}.scope/libvirt/${files} | sed 's:.*/libvirt/::'`;

/** MiB of its process's memory by node, as `node 0: 42.5`. */
export const memoryOf = (name: string) =>
  `awk '{ kib = 4; for (i = NF; i > 2; i--) { split($i, part, "="); if (part[1] == "kernelpagesize_kB") kib = part[2] }
    for (i = NF; i > 2; i--) if ($i ~ /^N[0-9]+=/) { split($i, part, "="); sum[substr(part[1], 2)] += part[2] * kib } }
    END { for (node in sum) print "node " node ": " sum[node] / 1024 }' /proc/${pidOf(name)}/numa_maps | sort`;

/** All interrupts of each CPU since the boot, as `CPU COUNT`. */
export const INTERRUPTS = `awk 'NR == 1 { cpus = NF } NR > 1 && NF > cpus { for (i = 0; i < cpus; i++) sum[i] += $(i + 2) }
  END { for (i = 0; i < cpus; i++) print i, sum[i] }' /proc/interrupts`;
