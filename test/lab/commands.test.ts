import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadMachine } from '../../src/lab/machine.ts';
import { scratchFolder } from '../support/scratch.ts';

// One folder for all, so that the trees are laid once and mended after.
let home: string;
beforeAll(() => {
  home = scratchFolder('kvmplay-labs');
});
afterEach(() => kvmplay('down'), 60_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('kvmplay lab', { timeout: 120_000 }, () => {
  it('comes up in the background, with the whole captured machine in each of its hosts', {
    timeout: 120_000,
  }, async () => {
    const up = await kvmplay('up', '--hosts', '3');

    expect(up).toMatchObject({ code: 0, err: '' });
    expect(up.out).toContain('3 simulated hypervisors');
    expect(up.out).toContain('a directory, not a kernel');
    expect(readdirSync(folder('hosts'))).toEqual(['hv01', 'hv02', 'hv03']);
    for (const [path, entry] of Object.entries(loadMachine('debian12-2s2n')))
      if (typeof entry === 'string') expect(statSync(folder(`hosts/hv01/${path}`)).isFile(), path).toBe(true);
  });

  it('says that it runs when it is brought up again, and what it is', async () => {
    await kvmplay('up', '--hosts', '2');
    const { pid } = state();

    const again = await kvmplay('up', '--hosts', '5');
    const status = await kvmplay('status');

    expect(again).toMatchObject({ code: 0 });
    expect(again.out).toContain('up already. 2 simulated hypervisors');
    expect(status).toMatchObject({ code: 0 });
    expect(status.out).toContain(`process ${pid}`);
  });

  it('is taken down whole, and down once more is no error', async () => {
    await kvmplay('up', '--hosts', '2');
    const { pid } = state();

    const down = await kvmplay('down');

    expect(down).toMatchObject({ code: 0, out: 'The lab is down: 2 simulated hypervisors ended.\n' });
    // Whoever reaps orphans may take a moment.
    await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 10_000 }).toBe(false);
    expect(await kvmplay('status')).toMatchObject({ code: 1 });
    expect(await kvmplay('down')).toMatchObject({ code: 0, out: 'No lab is up.\n' });
  });

  it('takes no notice of what a killed lab left behind, and puts its hosts back as they began', async () => {
    await kvmplay('up', '--hosts', '2');
    writeFileSync(folder('hosts/hv01/proc/sys/vm/swappiness'), '99\n');
    process.kill(state().pid, 'SIGKILL');
    await expect.poll(async () => (await kvmplay('status')).code, { timeout: 10_000 }).toBe(1);

    const up = await kvmplay('up', '--hosts', '2');

    expect(up).toMatchObject({ code: 0 });
    expect(readFileSync(folder('hosts/hv01/proc/sys/vm/swappiness'), 'utf8')).toBe('60\n');
  });

  it('never ends a process that only has the pid of a lab', async () => {
    await kvmplay('up', '--hosts', '1');
    const real = state();
    await kvmplay('down');
    const bystander = spawn('sleep', ['60']);
    writeFileSync(folder('lab.json'), JSON.stringify({ ...real, pid: bystander.pid }));

    const down = await kvmplay('down');

    expect(down.out).toBe('No lab is up.\n');
    expect(bystander.exitCode ?? bystander.signalCode).toBe(null);
    bystander.kill();
  });

  it('keeps its keys, so that they are known from one lab to the next', async () => {
    await kvmplay('up', '--hosts', '2');
    const before = readFileSync(folder('known_hosts'), 'utf8');
    await kvmplay('down');

    await kvmplay('up', '--hosts', '2');

    const keys = (lines: string) => lines.split('\n').map((line) => line.split(' ')[2]);
    expect(keys(readFileSync(folder('known_hosts'), 'utf8'))).toEqual(keys(before));
    expect(statSync(folder('keys/user')).mode & 0o077).toBe(0);
  });

  it('prints its inventory while it is up', async () => {
    expect(await kvmplay('inventory')).toMatchObject({ code: 1, out: '' });
    await kvmplay('up', '--hosts', '8');

    const printed = await kvmplay('inventory');
    const chosen = await command(
      'inventory',
      '-i',
      folder('inventory.yml'),
      '--hosts',
      'hypervisors:!ams_r1:!canary:&ams',
    );

    expect(printed).toMatchObject({ code: 0, err: '', out: readFileSync(folder('inventory.yml'), 'utf8') });
    expect(chosen).toMatchObject({ code: 0, out: 'hv03\nhv04\n' });
  });

  it.each([
    [['up', '--topology', 'debian12-2s3n'], 'did you mean debian12-2s2n?'],
    [['up', '--hosts', '0'], 'a whole number from 1 to 2000'],
    [['up', '--dir', '/tmp/a lab'], 'choose another with --dir'],
    [['up', '--port', '80'], 'a whole number from 1024 to 65000'],
  ])('refuses %j with what it takes', async (args, words) => {
    const said = await kvmplay(...args);

    expect(said.code).toBe(5);
    expect(said.err).toContain(words);
  });
});

describe('kvmplay lab demo', () => {
  it('changes a fleet, finds the four hosts that drifted, and puts them right', {
    timeout: 300_000,
  }, async () => {
    const said = await kvmplay('demo');

    expect(said, said.out).toMatchObject({ code: 0, err: '' });
    for (const words of [
      '$ kvmplay run playbooks/site.yml',
      'vm.swappiness: 60 → 10',
      '$ kvmplay audit',
      'ksm.run: 1 → 2',
      'The audit ends with status 0',
    ])
      expect(said.out).toContain(words);
    expect(said.out.split('second run nothing:\n')[1]?.split('\n').slice(0, 5)).toEqual([
      '  hv03 /proc/sys/vm/swappiness',
      '  hv06 /sys/kernel/mm/ksm/run',
      '  hv08 web1',
      '  hv10 /sys/kernel/mm/transparent_hugepage/enabled',
      '',
    ]);
    expect(existsSync(join(home, 'kvmplay', 'demo', 'lab.json'))).toBe(false);
  });
});

const folder = (path: string): string => join(home, 'kvmplay', 'lab', path);

const state = (): { pid: number } => JSON.parse(readFileSync(folder('lab.json'), 'utf8'));

const kvmplay = (...args: readonly string[]) => command('lab', ...args);

async function command(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(process.execPath, ['bin/kvmplay.js', ...args], {
    env: { ...process.env, XDG_STATE_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, out, err };
}
