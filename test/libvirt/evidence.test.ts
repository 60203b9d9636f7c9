import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import type { EvidenceDocument } from '../../src/evidence/index.ts';
import { countedEvidence } from '../support/evidence.ts';
import { KVMPLAY, kvmplayOn } from '../support/kvmplay.ts';
import { attach, besideOf, type Libvirt } from './daemon.ts';
import { define, start } from './guests.ts';

const address = inject('libvirt');

describe.skipIf(address === undefined)('evidence of guests that run', () => {
  let libvirt: Libvirt;

  const evidence = (...flags: string[]) => {
    const [program = '', ...argv] = [
      ...besideOf(libvirt),
      ...KVMPLAY,
      ...['evidence', 'localhost', '-i', 'localhost,', '-c', 'local', ...flags],
    ];
    return spawnSync(program, argv, { encoding: 'utf8', timeout: 60_000 });
  };

  beforeAll(() => {
    if (!address) return;
    libvirt = attach(address);
    define(libvirt, { name: 'seen', vcpus: 2 });
    start(libvirt, 'seen');
  });

  test('a vCPU that is pinned was seen where it is pinned, and its memory where it is', () => {
    libvirt.read('virsh -q vcpupin seen 1 1');

    const { status, stdout, stderr } = evidence('--interval', '1', '--samples', '3', '--output', 'json');

    expect(stderr).toBe('');
    expect(status).toBe(0);
    const [host] = (JSON.parse(stdout) as EvidenceDocument).hosts;
    expect(host?.samples).toBe(3);
    const guest = host?.guests.find(({ name }) => name === 'seen');
    expect(guest?.pid).toBe(Number(libvirt.read('cat /run/libvirt/qemu/seen.pid')));
    expect(guest?.vcpus.map(({ vcpu }) => vcpu)).toEqual([0, 1]);
    expect(guest?.vcpus[1]).toMatchObject({ allowed: '1', ran: [{ cpu: 1, times: 3 }] });
    expect(host?.cpus.find(({ cpu }) => cpu === 1)?.vcpus).toContain('seen/1');
    const resident =
      Number(libvirt.read('grep VmRSS /proc/$(cat /run/libvirt/qemu/seen.pid)/status | tr -dc 0-9')) / 1024;
    const counted = guest?.memory?.reduce((sum, { mib }) => sum + mib, 0) ?? 0;
    expect(Math.abs(counted - resident)).toBeLessThan(0.2 * resident);
  });

  test("is what the system's own tools count", () => {
    const vars = { ansible_connection: 'local' };
    const folder = join(libvirt.directory, 'kvmplay-evidence');

    const { guests } = countedEvidence(kvmplayOn({ folder, vars, beside: besideOf(libvirt) }), libvirt.read);

    expect(guests.map(({ name }) => name)).toContain('seen');
  });

  test('before and after stand side by side', () => {
    libvirt.read('virsh -q vcpupin seen 0 0-1');
    const before = evidence('--interval', '1', '--samples', '2', '--output', 'json').stdout;
    libvirt.read('cat >/run/before.json', before);
    libvirt.read('virsh -q vcpupin seen 0 1');

    const { status, stdout } = evidence('--interval', '1', '--samples', '2', '--before', '/run/before.json');

    expect(status).toBe(0);
    expect(stdout).toMatch(/^seen +vCPUs ran on CPUs +\S+ +1$/m);
    expect(evidence('--before', '/run/before.json', '--interval', '1', '--output', 'html').stdout).toContain('<svg');
  });
});
