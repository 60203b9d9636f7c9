import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { type Outcome, of } from '../support/kvmplay.ts';
import { expectProven } from '../support/proven.ts';
import { type Machine, startMachine } from './machine.ts';
import { CASES, PREPARE, TEMPLATES } from './system-cases.ts';

const address = inject('docker');

const ALL = CASES.flatMap(({ name, tasks }) => tasks.map((task) => ({ name, ...task })));

/** The running kernel's own line waits for a reboot all the while. */
const changed = ({ targets }: Pick<Outcome, 'targets'>) => targets.filter((target) => target !== '/proc/cmdline');

describe.skipIf(address === undefined).sequential('files and settings, on a real system', () => {
  let machine: Machine;
  let audit: Outcome;
  let run: Outcome;
  let before: readonly string[];
  const look = () => CASES.flatMap(({ proof }) => Object.keys(proof).map((command) => machine.sh(command).stdout));
  const readBack = (proof: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.keys(proof).map((command) => [command, machine.sh(command).stdout.trim()]));

  beforeAll(async () => {
    if (!address) return;
    machine = await startMachine(address, 'system', PREPARE);
    mkdirSync(join(machine.folder, 'templates'));
    for (const [name, text] of Object.entries(TEMPLATES)) writeFileSync(join(machine.folder, 'templates', name), text);
    // One of the commands sets a knob by hand, to see it set back.
    look();
    before = look();
  });

  test('an audit changes nothing', () => {
    audit = machine.kvmplay.audit(ALL);

    expect(audit.status, audit.words).toBe(3);
    expect(look()).toEqual(before);
  });

  test('a run changes what the audit foretold, and no more', () => {
    run = machine.kvmplay.run(ALL);

    expect(run.status, run.words).toBe(0);
    for (const { name } of CASES) expect(of(run, name).targets).toEqual(of(audit, name).targets);
    expect(CASES.filter(({ name }) => of(run, name).targets.length === 0)).toEqual([]);
    expectProven(
      'container',
      'system',
      run,
      CASES.map(({ name }) => name),
    );
  });

  test.each(CASES)("$name: what was asked is what the system's own tools show", ({ proof }) => {
    expect(readBack(proof)).toEqual(proof);
  });

  test('a second run changes nothing, in one round trip', () => {
    const again = machine.kvmplay.run(ALL);

    expect([again.status, changed(again), again.roundTrips], again.words).toEqual([0, [], 1]);
  });

  test('an audit names what somebody has changed by hand, and a run mends it', () => {
    for (const { drift } of CASES) machine.read(drift.command);

    const found = machine.kvmplay.audit(ALL);

    for (const { name, drift } of CASES) expect(changed(of(found, name)), name).toEqual([drift.target]);
    const mended = machine.kvmplay.run(ALL);
    expect(mended.status, mended.words).toBe(0);
    for (const { proof } of CASES) expect(readBack(proof)).toEqual(proof);
  });

  test('a rollback of the first run leaves the machine as it was found', () => {
    const back = machine.kvmplay.rollback(run.id);

    expect(back.status, back.words).toBe(0);
    expect(look()).toEqual(before);
  });

  test('100 MB arrive whole, a command runs once, and what comes of it is waited for', () => {
    const content = randomBytes(100 << 20);
    mkdirSync(join(machine.folder, 'files'));
    writeFileSync(join(machine.folder, 'files', 'disk.img'), content);
    const tasks = [
      { copy: { src: 'disk.img', dest: '/srv/disk.img', mode: '0600' } },
      { command: { cmd: '(sleep 2; sha256sum disk.img >sum) & ', shell: true, chdir: '/srv', creates: '/srv/sum' } },
      { wait_for: { path: '/srv/sum', search_regex: ' disk.img$', timeout: 30 } },
      { wait_for: { port: 22 } },
      { wait_for: { port: 23, state: 'stopped' } },
    ];

    const foretold = machine.kvmplay.audit(tasks);
    const first = machine.kvmplay.run(tasks);
    const again = machine.kvmplay.run(tasks);

    expect(foretold.results.map(({ status }) => status)).toEqual(['changed', 'unknown', 'unknown', 'ok', 'ok']);
    expect([first.status, first.words]).toEqual([0, '']);
    const sum = createHash('sha256').update(content).digest('hex');
    expect(machine.read('cat /srv/sum; stat -c %a /srv/disk.img')).toBe(`${sum}  disk.img\n600`);
    expect([again.targets, again.roundTrips]).toEqual([[], 1]);
    expectProven('container', 'hundred-megabytes', first, ['command', 'copy']);
  });
});
