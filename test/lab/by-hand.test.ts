import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadMachine } from '../../src/lab/machine.ts';
import { startTestLab } from '../support/lab.ts';

let lab: Awaited<ReturnType<typeof startTestLab>>;
beforeAll(async () => {
  lab = await startTestLab(2, loadMachine('debian12-2s2n'));
}, 60_000);
afterAll(() => lab.stop());

const read = (host: string, path: string) => readFileSync(join(lab.dir, 'hosts', host, path), 'utf8');
const hasCommand = (host: string, name: string) => existsSync(join(lab.dir, 'commands', host, 'bin', name));

/** A command as somebody on the host would type it. */
const on = async (host: string, name: string, ...args: readonly string[]) =>
  promisify(execFile)(join(lab.dir, 'commands', host, 'bin', name), args).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );

async function audit(tasks: string): Promise<string[]> {
  const file = join(lab.dir, 'by-hand.yml');
  writeFileSync(file, `- hosts: all\n  tasks:\n${tasks.replace(/^/gm, '    ')}\n`);
  const args = ['bin/kvmplay.js', 'audit', file, '-i', lab.inventoryFile, '--output', 'json'];
  const env = { ...process.env, XDG_STATE_HOME: join(lab.dir, 'state') };
  const out = await promisify(execFile)(process.execPath, args, { env }).then(
    ({ stdout }) => stdout,
    ({ stdout }) => stdout,
  );
  const { tasks: done } = JSON.parse(out) as Report;
  return done.flatMap(({ results }) =>
    results.flatMap(({ host, changes }) => changes.map(({ summary }) => `${host}: ${summary}`)),
  );
}

interface Report {
  readonly tasks: readonly {
    readonly results: readonly { readonly host: string; readonly changes: readonly { readonly summary: string }[] }[];
  }[];
}

describe("a host's commands in the lab", { timeout: 60_000 }, () => {
  it('are those of its distribution', () => {
    expect(['apt-get', 'dpkg-query', 'dnf', 'rpm'].map((name) => hasCommand('hv01', name))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(['apt-get', 'dpkg-query', 'dnf', 'rpm'].map((name) => hasCommand('hv02', name))).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });

  it('pin a vCPU, as its XML, its cgroup and its thread tell, and an audit sees it', async () => {
    const said = await on('hv01', 'virsh', 'vcpupin', 'web1', '0', '5', '--live', '--config');

    expect(said).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(read('hv01', 'run/libvirt/qemu/web1.xml')).toMatch(/<vcpupin vcpu=["']0["'] cpuset=["']5["']/);
    const pid = read('hv01', 'run/libvirt/qemu/web1.pid');
    expect(read('hv01', `proc/${pid}/task/${Number(pid) + 1}/status`)).toContain('Cpus_allowed_list:\t5\n');
    expect(
      read('hv01', 'sys/fs/cgroup/machine.slice/machine-qemu\\x2d1\\x2dweb1.scope/libvirt/vcpu0/cpuset.cpus'),
    ).toBe('5\n');
    expect(await audit('- cpu_pin: { guests: web1, vcpus: { 0: 5 } }')).toEqual([
      expect.stringMatching(/^hv02: web1: vCPU 0: /),
      expect.stringMatching(/^hv02: web1: vCPU 0: /),
    ]);
  });

  it.each([
    [['vcpupin', 'web1', '9', '1', '--live'], 'vcpu 9 is out of range'],
    [['vcpupin', 'nobody', '0', '1', '--live'], "failed to get domain 'nobody'"],
    [['start', 'web1'], 'already active'],
    [['frobnicate', 'web1'], 'unknown command'],
  ])('refuse what virsh would: %j', async (args, words) => {
    const { code, stderr } = await on('hv01', 'virsh', ...args);

    expect(code).toBe(1);
    expect(stderr).toContain(words);
  });

  it('start and end a guest, with all that is to be seen of it', async () => {
    await on('hv01', 'virsh', 'start', 'batch1');
    const pid = read('hv01', 'run/libvirt/qemu/batch1.pid');
    expect(read('hv01', `proc/${pid}/task/${Number(pid) + 2}/comm`)).toBe('CPU 1/KVM\n');
    expect((await on('hv01', 'virsh', 'list', '--name')).stdout).toBe('batch1\ncache1\ndb1\nweb1\n');

    await on('hv01', 'virsh', 'destroy', 'batch1');

    expect(existsSync(join(lab.dir, 'hosts/hv01/proc', pid))).toBe(false);
    expect((await on('hv01', 'virsh', 'list', '--name', '--inactive')).stdout).toBe('batch1\n');
  });

  it('stop services, and an audit sees it', async () => {
    await on('hv01', 'systemctl', 'disable', '--now', 'ssh.service');
    await on('hv02', 'dnf', '-y', 'remove', 'chrony');

    const drift = await audit(`- service: { name: ssh, state: started, enabled: true }
  when: facts.os.id == "debian"
- package: { name: chrony }
  when: facts.os.id == "almalinux"`);

    expect(drift).toEqual([
      'hv01: ssh.service: inactive, disabled → active, enabled',
      expect.stringMatching(/^hv02: .*chrony/),
    ]);
  });

  it('run no script but the few that modules bring', async () => {
    expect(await on('hv01', 'sh', '-c', 'echo hello')).toMatchObject({
      code: 1,
      stderr: 'kvmplay lab: no shell scripts run in the lab\n',
    });
  });
});

describe('the kernel of a host in the lab', { timeout: 60_000 }, () => {
  it('keeps figures together that belong together', async () => {
    const pool = (node: number, name: string) =>
      read('hv01', `sys/devices/system/node/node${node}/hugepages/hugepages-2048kB/${name}_hugepages`);

    await on('hv01', '.kernel', '/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages', '64');
    await on('hv01', '.kernel', '/sys/kernel/mm/transparent_hugepage/enabled', 'never');

    expect([pool(0, 'nr'), pool(1, 'nr'), pool(1, 'free')]).toEqual(['0\n', '64\n', '64\n']);
    expect(read('hv01', 'sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages')).toBe('64\n');
    expect(read('hv01', 'sys/kernel/mm/transparent_hugepage/enabled')).toBe('always madvise [never]\n');
  });

  it('refuses what no kernel takes, and what is not there', async () => {
    const refused = await on('hv01', '.kernel', '/proc/sys/vm/swappiness', '300');
    const missing = await on('hv01', '.kernel', '/proc/sys/vm/no_such', '1');

    expect([refused.code, refused.stderr]).toEqual([1, 'kvmplay: EINVAL: write error: EINVAL\n']);
    expect([missing.code, missing.stderr.slice(0, 16)]).toEqual([1, 'kvmplay: ENOENT:']);
  });
});
