import { describe, expect, it } from 'vitest';
import { ABSENT, Problem, type Reading, Seen } from '../../../src/contract/index.ts';
import { FACTS } from '../../../src/facts/index.ts';
import { see } from '../../support/see.ts';

const fact = (name: string) => {
  const found = FACTS.find((one) => one.name === name);
  if (!found) throw new Error(`no fact ${name}`);
  return found;
};
/** Probes that `see` has no answer to are absent. */
const tell = (name: string, files: Record<string, string>) => {
  const { probes, read } = fact(name);
  const plain = Object.fromEntries(Object.entries(probes).filter(([, probe]) => probe.kind !== 'stat'));
  const stats = Object.entries(probes).filter(([, probe]) => probe.kind === 'stat');
  const seen = new Map(
    Object.keys(plain).map((one) => [
      one,
      { probe: see(files, plain).probe(one), reading: see(files, plain).raw(one) },
    ]),
  );
  for (const [one, probe] of stats) seen.set(one, { probe, reading: ABSENT });
  return read(new Seen(seen)) as Record<string, unknown>;
};

describe('os', () => {
  // From Rocky Linux 9.4, openSUSE Leap 15.6 and os-release(5).
  it.each([
    [
      'NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.4"\n',
      { id: 'rocky', id_like: ['rhel', 'centos', 'fedora'], version_id: '9.4' },
    ],
    [
      "ID=opensuse-leap\nPRETTY_NAME='openSUSE Leap 15.6'\n# VERSION_ID=1\n",
      { id: 'opensuse-leap', pretty_name: 'openSUSE Leap 15.6', version_id: null },
    ],
    ['NAME="a \\"b\\" \\$c"\n', { name: 'a "b" $c', id: null }],
  ])('reads os-release as a shell would: %j', (text, expected) => {
    expect(tell('os', { '/etc/os-release': text })).toMatchObject(expected);
  });
});

describe('cmdline', () => {
  it('has the last value of each argument, all of them, and true for bare words', () => {
    const text = 'quiet hugepagesz=2M hugepages=4 hugepagesz=1G hugepages=2 dyndbg="file a.c +p" -- single\n';

    expect(tell('cmdline', { '/proc/cmdline': text })).toMatchObject({
      args: { quiet: true, hugepagesz: '1G', hugepages: '2', dyndbg: 'file a.c +p' },
      all: { hugepagesz: ['2M', '1G'] },
    });
    expect(tell('cmdline', { '/proc/cmdline': text }).args).not.toHaveProperty('single');
  });
});

describe('virtualization', () => {
  const dmi = (vendor: string, product: string) => ({
    '/sys/class/dmi/id/sys_vendor': `${vendor}\n`,
    '/sys/class/dmi/id/product_name': `${product}\n`,
  });

  it.each([
    [
      'a KVM guest',
      { '/proc/cpuinfo': 'flags\t\t: fpu hypervisor\n', ...dmi('QEMU', 'Standard PC (Q35 + ICH9, 2009)') },
      { is_vm: true, hypervisor: 'kvm' },
    ],
    [
      'a Hyper-V guest',
      { '/proc/cpuinfo': 'flags : hypervisor\n', ...dmi('Microsoft Corporation', 'Virtual Machine') },
      { is_vm: true, hypervisor: 'microsoft' },
    ],
    [
      'a Surface',
      { '/proc/cpuinfo': 'flags : fpu vmx\n', ...dmi('Microsoft Corporation', 'Surface Pro 4') },
      { is_vm: false, hypervisor: null },
    ],
    [
      'a bare EC2 machine',
      { '/proc/cpuinfo': 'flags : fpu vmx\n', ...dmi('Amazon EC2', 'm5.metal') },
      { is_vm: false, hypervisor: null },
    ],
    [
      'a guest on IBM Z',
      { '/proc/cpuinfo': 'features\t: esan3\n', '/proc/sysinfo': 'VM00 Control Program: KVM/Linux\n' },
      { is_vm: true, hypervisor: 'kvm' },
    ],
    [
      'an ARM guest',
      { '/proc/cpuinfo': 'Features\t: fp\n', '/sys/firmware/devicetree/base/hypervisor/compatible': 'linux,kvm\0' },
      { is_vm: true, hypervisor: 'kvm' },
    ],
    ['what has no /proc', {}, { is_vm: null, hypervisor: null }],
  ])('tells %s', (_, files, expected) => {
    expect(tell('virtualization', files)).toMatchObject(expected);
  });

  it('tells whether KVM is loaded and guests may have guests', () => {
    const files = {
      '/sys/module/kvm/x': '',
      '/sys/module/kvm_intel/parameters/nested': 'Y\n',
      '/sys/module/kvmgt/x': '',
    };

    expect(tell('virtualization', files)).toMatchObject({
      kvm_loaded: true,
      kvm_modules: ['kvm', 'kvm_intel'],
      nested: true,
    });
  });
});

describe('libvirt', () => {
  // The layout is that of libvirt 9.0.
  const running = `<!--\nWARNING: THIS IS AN AUTO-GENERATED FILE.\n-->\n<domstatus state='paused' reason='user' pid='812'>
  <vcpus><vcpu id='0' pid='820'/></vcpus>
  <domain type='kvm' id='1'>
    <name>a&amp;b</name>
    <uuid>5d1f0a52-0000-4000-8000-000000000001</uuid>
    <memory unit='KiB'>2097152</memory>
    <currentMemory unit='KiB'>1048576</currentMemory>
    <vcpu placement='static' current='1'>4</vcpu>
  </domain>
</domstatus>\n`;
  const defined =
    "<domain type='kvm'>\n  <name>idle</name>\n  <memory unit='KiB'>1048576</memory>\n  <vcpu>2</vcpu>\n</domain>\n";

  it('tells guests that run, those that are off, and those that start with the host', () => {
    const told = tell('libvirt', {
      '/run/libvirt/qemu/a&b.xml': running,
      '/etc/libvirt/qemu/idle.xml': defined,
      '/etc/libvirt/qemu/autostart/idle.xml': defined,
      'libvirtd --version': '/usr/sbin/libvirtd (libvirt) 9.0.0\n',
    });

    expect(told).toEqual({
      version: '9.0.0',
      guests: [
        {
          name: 'a&b',
          uuid: '5d1f0a52-0000-4000-8000-000000000001',
          running: true,
          state: 'paused',
          persistent: false,
          autostart: false,
          vcpus: 4,
          memory_kib: 2097152,
        },
        {
          name: 'idle',
          uuid: null,
          running: false,
          state: null,
          persistent: true,
          autostart: true,
          vcpus: 2,
          memory_kib: 1048576,
        },
      ],
    });
  });

  it('does not say that there are none where it may not look', () => {
    const { probes, read } = fact('libvirt');
    const closed: Reading = {
      is: 'files',
      files: { '/etc/libvirt/qemu/a.xml': { is: 'refused', why: 'Permission denied' } },
    };
    const refused = (name: string): Reading => (name === 'defined' ? closed : ABSENT);
    const seen = new Seen(
      new Map(Object.entries(probes).map(([name, probe]) => [name, { probe, reading: refused(name) }])),
    );

    expect(() => read(seen)).toThrow(Problem);
  });
});

describe('network_devices', () => {
  it('tells devices with hardware from those without, and what no link tells is null', () => {
    const told = tell('network_devices', {
      '/sys/class/net/lo/address': '00:00:00:00:00:00\n',
      '/sys/class/net/lo/mtu': '65536\n',
      '/sys/class/net/eno1/address': '02:fc:00:00:00:01\n',
      '/sys/class/net/eno1/mtu': '9000\n',
      '/sys/class/net/eno1/speed': '-1\n',
      '/sys/class/net/eno1/../../numa_node': '1\n',
      '/sys/class/net/eno1/../../uevent': 'DRIVER=ixgbe\n',
      '/sys/class/net/eno1/../../msi_irqs/41': 'msix\n',
    });

    expect(told).toEqual([
      {
        name: 'eno1',
        physical: true,
        address: '02:fc:00:00:00:01',
        mtu: 9000,
        operstate: null,
        speed_mbit: null,
        driver: 'ixgbe',
        node: 1,
        irqs: [41],
      },
      {
        name: 'lo',
        physical: false,
        address: '00:00:00:00:00:00',
        mtu: 65536,
        operstate: null,
        speed_mbit: null,
        driver: null,
        node: null,
        irqs: [],
      },
    ]);
  });
});

describe('block_devices', () => {
  it('have sizes in bytes whatever their sectors are, and the scheduler that is chosen', () => {
    const told = tell('block_devices', {
      '/sys/block/nvme0n1/size': '1953525168\n',
      '/sys/block/nvme0n1/queue/rotational': '0\n',
      '/sys/block/nvme0n1/queue/logical_block_size': '4096\n',
      '/sys/block/nvme0n1/queue/scheduler': '[none] mq-deadline\n',
      '/sys/block/nvme0n1/device/model': 'Samsung SSD 980 PRO 1TB                 \n',
    });

    expect(told).toMatchObject([
      {
        name: 'nvme0n1',
        size_bytes: 1_000_204_886_016,
        rotational: false,
        scheduler: 'none',
        sector_bytes: 4096,
        model: 'Samsung SSD 980 PRO 1TB',
      },
    ]);
  });
});
