import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadMachine } from '../../src/lab/machine.ts';
import type { Lab } from '../../src/lab/start.ts';
import { startTestLab } from '../support/lab.ts';

// The second is of the RHEL family.
const HOSTS = ['hv01', 'hv02'];

/** How to run a playbook on the lab, and how much of it has to be done there at the least. */
interface Case {
  readonly flags?: readonly string[];
  /** Tasks that are not skipped, on each host. */
  readonly tasks: number;
  readonly roundTrips: number;
  /** Whether hosts may differ from it for ever: it is never made so. */
  readonly onlyLooks?: boolean;
}

// An audit is one round trip, and one more for what facts or a handler name, and for what is done only where another task says so.
const CASES: Readonly<Record<string, Case>> = {
  'kernel-settings.yml': { tasks: 4, roundTrips: 1 },
  'site.yml': { tasks: 19, roundTrips: 1 },
  'examples/cpu-isolation.yml': { tasks: 5, roundTrips: 1 },
  'examples/fleet-audit.yml': { tasks: 7, roundTrips: 1, onlyLooks: true },
  'examples/hugepages-by-node.yml': {
    flags: ['-e', '{"pages_2m": {"0": 256, "1": 256}, "pages_1g": {"0": 1, "1": 1}, "host_keeps_kib": 262144}'],
    tasks: 4,
    roundTrips: 1,
  },
  'examples/irq-affinity.yml': { tasks: 3, roundTrips: 1 },
  'examples/ksm-zswap.yml': { flags: ['-e', 'density=overcommitted'], tasks: 4, roundTrips: 1 },
  // What can be had of a package is asked where it is missing.
  'examples/libvirt-host.yml': { tasks: 8, roundTrips: 4 },
  'examples/pinned-guests.yml': { tasks: 8, roundTrips: 1 },
  'examples/profiles.yml': { flags: ['-e', 'profile=latency'], tasks: 7, roundTrips: 1 },
  // A directory cannot be rebooted.
  'examples/rolling-reboot.yml': { tasks: 8, roundTrips: 3, onlyLooks: true },
  'examples/sysctl-presets.yml': { flags: ['-e', 'preset=pinned-guests'], tasks: 2, roundTrips: 1 },
};

let lab: Lab & { dir: string };
beforeAll(async () => {
  lab = await startTestLab(HOSTS.length, loadMachine('debian12-2s2n'));
}, 60_000);
afterAll(async () => lab?.stop());

it('has a case for every playbook that comes along', () => {
  const found = ['', 'examples/'].flatMap((folder) =>
    readdirSync(`playbooks/${folder}`)
      .filter((name) => name.endsWith('.yml'))
      .map((name) => folder + name),
  );

  expect(Object.keys(CASES).sort()).toEqual(found.sort());
});

describe.each(Object.entries(CASES))('playbooks/%s', { timeout: 120_000 }, (name, one) => {
  const { flags = [], tasks, roundTrips, onlyLooks = false } = one;

  it('is read without a mistake, with nothing said on the command line', async () => {
    expect(await kvmplay('run', `playbooks/${name}`, '-i', lab.inventoryFile, '--syntax-check')).toMatchObject({
      code: 0,
      err: '',
    });
  });

  it('audits a fleet: all of its hosts, most of its tasks, in as few round trips as are promised', async () => {
    const said = await kvmplay('audit', `playbooks/${name}`, '-i', lab.inventoryFile, '--output', 'json', ...flags);

    const report = JSON.parse(said.out) as Report;
    expect(report.exit_code, said.err).toBe(said.code);
    expect([0, 3], said.err + said.out.slice(0, 4000)).toContain(said.code);
    expect(Object.keys(report.hosts).filter((host) => host !== 'localhost')).toEqual(HOSTS);
    for (const host of HOSTS) {
      expect(report.hosts[host]).toMatchObject({ failed: 0, unreachable: 0, rescued: 0, ignored: 0 });
      expect(doneOn(report, host), `tasks done on ${host}`).toBeGreaterThanOrEqual(tasks);
      expect(report.round_trips[host], `round trips to ${host}`).toBeLessThanOrEqual(roundTrips);
    }
  });

  it.skipIf(onlyLooks)('makes the fleet so, and finds nothing left to do', async () => {
    const args = ['run', `playbooks/${name}`, '-i', lab.inventoryFile, '--output', 'json', ...flags];

    const first = await kvmplay(...args);
    const again = await kvmplay(...args);

    expect(first.code, first.err + first.out.slice(0, 4000)).toBe(0);
    expect(changesIn(JSON.parse(again.out))).toEqual([]);
    expect(again.code).toBe(0);
  });
});

it('makes XML of its template for guests that modules for guests can work on', { timeout: 60_000 }, async () => {
  const folder = join(lab.dir, 'guests');
  mkdirSync(join(folder, 'templates'), { recursive: true });
  writeFileSync(join(folder, 'templates/guest.xml.hbs'), readFileSync('playbooks/examples/templates/guest.xml.hbs'));
  const write = `
- hosts: hv01
  vars_files: [${JSON.stringify(join(process.cwd(), 'playbooks/examples/vars/guests.yml'))}]
  tasks:
    - template: { src: guest.xml.hbs, dest: "/root/{{ item.name }}.xml" }
      loop: "{{ guests }}"
`;
  writeFileSync(join(folder, 'write.yml'), write);
  const written = await kvmplay('run', join(folder, 'write.yml'), '-i', lab.inventoryFile);
  const file = join(lab.dir, 'hosts/hv01/root/db1.xml');

  const backed = await kvmplay('domain', file, '-m', 'memory_backing', '-a', 'hugepages=2M');

  expect(written, written.out).toMatchObject({ code: 0, err: '' });
  expect(backed.out).toContain("<page size='2048' unit='KiB'/>");
  expect(backed.out.replace(/ *<memoryBacking>[\s\S]*<\/memoryBacking>\n/, '')).toBe(readFileSync(file, 'utf8'));
});

interface Report {
  readonly exit_code: number;
  readonly hosts: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly round_trips: Readonly<Record<string, number>>;
  readonly tasks: readonly {
    readonly module: string;
    readonly results: readonly { readonly host: string; readonly status: string }[];
  }[];
}

const changesIn = ({ tasks }: Report): string[] =>
  tasks.flatMap(({ module, results }) =>
    results.filter(({ status }) => status !== 'ok' && status !== 'skipped').map(({ host }) => `${host} ${module}`),
  );

const doneOn = (report: Report, host: string): number =>
  report.tasks.filter(
    ({ module, results }) =>
      module !== 'validate_argument_spec' && results.some((one) => one.host === host && one.status !== 'skipped'),
  ).length;

async function kvmplay(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(process.execPath, ['bin/kvmplay.js', ...args], {
    env: { ...process.env, XDG_STATE_HOME: join(lab.dir, 'state') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, out, err };
}
