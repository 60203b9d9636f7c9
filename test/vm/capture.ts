// Captures the emulated hosts for the lab: lab/machines/NAME.json. `npm run capture -- [NAME…]` after a build.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootHost } from './boot.ts';
import { captureTree } from './capture-tree.ts';
import { MACHINE_NAMES, type MachineName } from './machines.ts';

const WANTED: Readonly<Record<string, MachineName>> = {
  'debian12-2s2n': '2s2n-16',
  'debian12-2s4n': '2s4n-16',
  'debian12-2s2n-amd': '2s2n-amd',
};

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(WANTED);
for (const name of names) {
  const machine = WANTED[name];
  if (machine === undefined)
    throw new Error(`no machine ${name}: ${Object.keys(WANTED).join(', ')} (of ${MACHINE_NAMES.join(', ')})`);
  const host = await bootHost({ machine });
  try {
    console.error(`${name}: up after ${host.bootSeconds.toFixed(0)} s`);
    // As on a hypervisor at work: libvirt has its sockets and cgroups, KVM and vhost are loaded.
    host.ssh('virsh -q -c qemu:///system list; modprobe -a kvm vhost_net; udevadm settle');
    const tree = captureTree(host);
    mkdirSync(join('lab', 'machines'), { recursive: true });
    writeFileSync(join('lab', 'machines', `${name}.json`), `${JSON.stringify(tree, null, 1)}\n`);
    console.error(`${name}: ${Object.keys(tree).length} entries`);
  } finally {
    await host.stop();
  }
}
