import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadMachine } from '../../src/lab/machine.ts';
import { startTestLab } from '../support/lab.ts';

describe('facts, by SSH', { timeout: 60_000 }, () => {
  let lab: Awaited<ReturnType<typeof startTestLab>>;
  beforeAll(async () => {
    lab = await startTestLab(3, loadMachine('debian12-2s2n'));
    // So that each is known by something.
    for (const [index, { root, name }] of lab.hosts.entries()) {
      writeFileSync(join(root, 'proc/sys/kernel/hostname'), `${name}.lab\n`);
      writeFileSync(join(root, 'proc/meminfo'), `MemTotal: ${1000 * (index + 1)} kB\nMemFree: 10 kB\n`);
    }
  }, 60_000);
  afterAll(() => lab.stop());

  const kvmplay = async (...args: readonly string[]) => {
    const child = spawn(process.execPath, ['bin/kvmplay.js', ...args, '-i', lab.inventoryFile], {
      env: { ...process.env, XDG_STATE_HOME: lab.dir },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = await once(child, 'close');
    const [out, err] = await said;
    return { code, out, err };
  };
  const playbook = (tasks: string) => {
    const file = join(lab.dir, 'facts.yml');
    writeFileSync(file, `- hosts: all\n  tasks:\n${tasks}`);
    return file;
  };

  it('are told of each host by kvmplay facts', async () => {
    const asked = ['hostname', 'kernel.release', 'memory.total_kib', 'numa.nodes'];

    const { code, out, err } = await kvmplay('facts', 'all', ...asked, '--output', 'json');

    expect({ code, err }).toEqual({ code: 0, err: '' });
    const released = readFileSync(join(lab.hosts[0]?.root ?? '', 'proc/sys/kernel/osrelease'), 'utf8').trim();
    const { hosts } = JSON.parse(out);
    expect(Object.keys(hosts)).toEqual(['hv01', 'hv02', 'hv03']);
    for (const [index, name] of Object.keys(hosts).entries())
      expect(hosts[name].facts).toMatchObject({
        hostname: `${name}.lab`,
        'kernel.release': released,
        'memory.total_kib': 1000 * (index + 1),
        'numa.nodes': [{ id: 0 }, { id: 1 }],
      });
  });

  it('decide in an audit of one round trip to each host', async () => {
    const file = playbook(
      '    - sysctl: { name: vm.swappiness, value: 7, persistent: false }\n' +
        '      when: facts.memory.total_kib > 1500 && facts.numa.nodes.size() == 2\n',
    );

    const { code, out, err } = await kvmplay('audit', file, '--output', 'json');

    const { tasks, round_trips } = JSON.parse(out);
    const came = tasks[0].results.map(({ host, status }: Record<string, string>) => [host, status]);
    expect({ code, err }).toEqual({ code: 3, err: '' });
    expect(Object.fromEntries(came)).toEqual({ hv01: 'skipped', hv02: 'changed', hv03: 'changed' });
    expect(round_trips).toEqual({ hv01: 1, hv02: 1, hv03: 1 });
  });

  it('of a host itself are had through hostvars, when nobody else asks', async () => {
    const file = playbook('    - debug: { msg: "{{ hostvars.hv02.facts.hostname }}" }\n');

    const { code, out } = await kvmplay('run', file, '-l', 'hv02', '--output', 'json');

    expect({ code, results: JSON.parse(out).tasks[0].results }).toMatchObject({
      code: 0,
      results: [{ message: { msg: 'hv02.lab' } }],
    });
  });

  it.each([['run'], ['audit']])('of another host are had through hostvars: %s', async (command) => {
    const file = playbook(
      '    - debug: { msg: "{{ hostvars.hv02.facts.memory.total_kib }} of {{ hostvars.hv02.facts.hostname }}" }\n' +
        '    - debug: { msg: "{{ inventory_hostname }} is smaller" }\n' +
        '      when: facts.memory.total_kib < hostvars["hv02"].facts.memory.total_kib\n',
    );

    const { code, out, err } = await kvmplay(command, file, '--output', 'json');

    const { tasks } = JSON.parse(out);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(tasks[0].results.map(({ message }: Record<string, unknown>) => message)).toEqual(
      Array.from({ length: 3 }, () => ({ msg: '2000 of hv02.lab' })),
    );
    expect(tasks[1].results.map(({ status }: Record<string, unknown>) => status)).toEqual(['ok', 'skipped', 'skipped']);
  });
});
