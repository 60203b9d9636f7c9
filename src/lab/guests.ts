import { createHash } from 'node:crypto';
import type { Machine } from './machine.ts';
import { uuidOf } from './uuid.ts';

/** A guest as somebody has set it up in a hurry: its vCPUs float, its disk goes through the host's page cache. */
interface Guest {
  readonly name: string;
  readonly vcpus: number;
  readonly mib: number;
  readonly runs: boolean;
  readonly autostart: boolean;
}

/** What each host of the lab has. Together they leave room for the host's own CPUs on the captured machine. */
const GUESTS: readonly Guest[] = [
  { name: 'web1', vcpus: 4, mib: 512, runs: true, autostart: true },
  { name: 'db1', vcpus: 4, mib: 768, runs: true, autostart: true },
  { name: 'cache1', vcpus: 2, mib: 256, runs: true, autostart: false },
  { name: 'batch1', vcpus: 2, mib: 256, runs: false, autostart: false },
];

/** Their files on a host: as libvirt has them defined, and of those that run as they run. */
export function guestFiles(host: string): Machine {
  const runs = GUESTS.filter((guest) => guest.runs);
  return Object.fromEntries(
    GUESTS.flatMap((guest) => [
      [`etc/libvirt/qemu/${guest.name}.xml`, xmlOf(guest, host)],
      ...(guest.autostart
        ? [[`etc/libvirt/qemu/autostart/${guest.name}.xml`, { link: `/etc/libvirt/qemu/${guest.name}.xml` }]]
        : []),
      ...(guest.runs ? [[`run/libvirt/qemu/${guest.name}.xml`, xmlOf(guest, host, runs.indexOf(guest) + 1)]] : []),
      [`var/lib/libvirt/images/${guest.name}.qcow2`, ''],
    ]),
  );
}

/** As libvirt 9.0 prints it. With an id: as it runs. */
function xmlOf({ name, vcpus, mib }: Guest, host: string, id?: number): string {
  const digest = createHash('sha256').update(`${host} ${name}`).digest('hex');
  const mac = ['52:54:00', ...[32, 34, 36].map((at) => digest.slice(at, at + 2))].join(':');
  const live = (text: string) => (id === undefined ? '' : text);
  return `<domain type='kvm'${live(` id='${id}'`)}>
  <name>${name}</name>
  <uuid>${uuidOf(`${host} ${name}`)}</uuid>
  <memory unit='KiB'>${mib * 1024}</memory>
  <currentMemory unit='KiB'>${mib * 1024}</currentMemory>
  <vcpu placement='static'>${vcpus}</vcpu>${live('\n  <resource>\n    <partition>/machine</partition>\n  </resource>')}
  <os>
    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
    <boot dev='hd'/>
  </os>
  <features>
    <acpi/>
    <apic/>
  </features>
  <cpu mode='host-passthrough' check='none' migratable='on'/>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/var/lib/libvirt/images/${name}.qcow2'${live(" index='1'")}/>${live('\n      <backingStore/>')}
      <target dev='vda' bus='virtio'/>${live("\n      <alias name='virtio-disk0'/>")}
      <address type='pci' domain='0x0000' bus='0x03' slot='0x00' function='0x0'/>
    </disk>
    <controller type='pci' index='0' model='pcie-root'>${live("\n      <alias name='pcie.0'/>\n    ")}</controller>
    <interface type='bridge'>
      <mac address='${mac}'/>
      <source bridge='br0'/>${live(`\n      <target dev='vnet${(id ?? 1) - 1}'/>`)}
      <model type='virtio'/>${live("\n      <alias name='net0'/>")}
      <address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>
    </interface>
    <serial type='pty'>
      <target type='isa-serial' port='0'>
        <model name='isa-serial'/>
      </target>
    </serial>
    <memballoon model='virtio'>
      <address type='pci' domain='0x0000' bus='0x04' slot='0x00' function='0x0'/>
    </memballoon>
  </devices>
</domain>
`.replace('></controller>', '/>');
}
