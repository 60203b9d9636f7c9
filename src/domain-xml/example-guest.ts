/** A guest as libvirt prints it, for the examples of modules: web1, on one of its planes, with more elements after its vCPUs. */
export function exampleGuest(plane: 'live' | 'config', more = ''): string {
  const [id, alias] = plane === 'live' ? [" id='1'", "\n      <alias name='virtio-disk0'/>"] : ['', ''];
  return `<domain type='kvm'${id}>
  <name>web1</name>
  <uuid>8a2f7a5e-6d3c-4f0b-9f3e-0b8a7c1d2e3f</uuid>
  <metadata>
    <kvmplay:tags xmlns:kvmplay="urn:kvmplay:guest">scratch</kvmplay:tags>
  </metadata>
  <memory unit='KiB'>1048576</memory>
  <currentMemory unit='KiB'>1048576</currentMemory>
  <vcpu placement='static'>2</vcpu>
  <iothreads>1</iothreads>${more}
  <os>
    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
    <boot dev='hd'/>
  </os>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/var/lib/libvirt/images/web1.qcow2'/>
      <target dev='vda' bus='virtio'/>${alias}
    </disk>
    <disk type='file' device='cdrom'>
      <driver name='qemu' type='raw'/>
      <target dev='sda' bus='sata'/>
      <readonly/>
    </disk>
    <graphics type='vnc' port='-1' autoport='yes'>
      <listen type='address'/>
    </graphics>
  </devices>
</domain>
`;
}
