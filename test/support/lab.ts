import { rmSync } from 'node:fs';
import type { Machine } from '../../src/lab/machine.ts';
import { type Lab, startLab } from '../../src/lab/start.ts';
import { scratchFolder } from './scratch.ts';

/** A handful of knobs in the shape of a captured machine, for tests that need hosts and not a whole /sys. */
export const SMALL_MACHINE: Machine = {
  'proc/sys/vm/swappiness': '60\n',
  'proc/sys/vm/zone_reclaim_mode': '0\n',
  'sys/kernel/mm/ksm/run': '0\n',
  'sys/kernel/mm/ksm/pages_sharing': '0\n',
  'sys/kernel/mm/transparent_hugepage/enabled': 'always [madvise] never\n',
  'sys/kernel/mm/transparent_hugepage/defrag': 'always defer defer+madvise [madvise] never\n',
  'sys/class/net': { dir: true },
  'sys/class/net/eth0': { link: '../../devices/pci0000:00/net/eth0' },
  'sys/devices/pci0000:00/net/eth0/address': '52:54:00:00:00:01\n',
};

/** A lab in this process and in a directory of its own; `stop` leaves nothing behind. */
export async function startTestLab(hosts: number, machine: Machine = SMALL_MACHINE): Promise<Lab & { dir: string }> {
  const dir = scratchFolder('kvmplay-lab');
  const lab = await startLab({ dir, hosts, machine, port: 0 });
  return {
    ...lab,
    dir,
    async stop() {
      await lab.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
