import { cpu, numa, virtualization } from './cpus.ts';
import { block_devices, network_devices } from './devices.ts';
import type { Fact } from './fact.ts';
import { libvirt } from './libvirt.ts';
import { hugepages, memory } from './memory.ts';
import { cmdline, hostname, kernel, os, uptime } from './system.ts';

export { replacementOf } from './ansible.ts';
export type { Fact } from './fact.ts';
export { checkPath, factRows, shapeOf } from './schema.ts';

/** Everything that can be told of a host, in the order of the reference. */
export const FACTS: readonly Fact[] = [
  os,
  kernel,
  hostname,
  cpu,
  numa,
  memory,
  hugepages,
  block_devices,
  network_devices,
  libvirt,
  cmdline,
  uptime,
  virtualization,
];
