import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { KVMPLAY } from '../support/kvmplay.ts';
import { attach, besideOf, type Libvirt } from './daemon.ts';
import { define, start } from './guests.ts';

const address = inject('libvirt');

describe.skipIf(address === undefined)('where guests are that run', () => {
  let libvirt: Libvirt;
  beforeAll(() => {
    if (!address) return;
    libvirt = attach(address);
    const more = "<cputune><emulatorpin cpuset='0'/></cputune><numatune><memory mode='strict' nodeset='0'/></numatune>";
    define(libvirt, { name: 'placed', vcpus: 2, more });
    start(libvirt, 'placed');
  });

  test('is shown as virsh says, also when it was pinned while it ran', () => {
    libvirt.read('virsh -q vcpupin placed 1 1');
    const command = ['topology', 'localhost', '-i', 'localhost,', '-c', 'local', '--format', 'json'];
    const [program = '', ...argv] = [...besideOf(libvirt), ...KVMPLAY, ...command];
    const { stdout, stderr } = spawnSync(program, argv, { encoding: 'utf8', timeout: 60_000 });

    expect(stderr).toBe('');
    const { guests } = JSON.parse(stdout);
    const guest = guests.find(({ name }: { name: string }) => name === 'placed');
    const pins = libvirt
      .read('virsh -q vcpupin placed')
      .split('\n')
      .map((line) => line.trim().split(/\s+/));
    expect(guest).toMatchObject({
      memory_kib: 32 * 1024,
      vcpus: Object.fromEntries(pins),
      pinned: expect.arrayContaining([1]),
      emulator: '0',
      memory_nodes: '0',
    });
  });
});
