import type { Libvirt } from './daemon.ts';

interface Guest {
  readonly name: string;
  readonly vcpus?: number;
  /** More elements of the domain, and of its devices. */
  readonly more?: string;
  readonly devices?: string;
}

/** A small guest under TCG that runs nothing but its firmware. */
export const domain = ({ name, vcpus = 2, more = '', devices = '' }: Guest): string => `<domain type='qemu'>
  <name>${name}</name>
  <memory unit='MiB'>32</memory>
  <vcpu>${vcpus}</vcpu>
  ${more}
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/>
      <source file='/var/lib/libvirt/images/${name}.raw'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    ${devices}
    <memballoon model='none'/>
  </devices>
</domain>
`;

/** Defines a guest with a disk of its own, and does not start it. */
export function define({ read }: Libvirt, guest: Guest): void {
  read(`truncate -s 8M /var/lib/libvirt/images/${guest.name}.raw`);
  read('cat >/run/guest.xml && virsh -q define /run/guest.xml', domain(guest));
}

export function start({ read }: Libvirt, name: string): void {
  read(`virsh -q start ${name}`);
}
