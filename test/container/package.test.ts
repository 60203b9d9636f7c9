import { beforeAll, describe, expect, inject, test } from 'vitest';
import type { Outcome } from '../support/kvmplay.ts';
import { expectProven } from '../support/proven.ts';
import { type Machine, startMachine } from './machine.ts';

const address = inject('docker');

interface Family {
  readonly name: string;
  /** Has this one be the machine's package manager, with its lists fetched. */
  readonly prepare: string;
  readonly install: string;
  readonly versions: string;
  readonly hold: string;
  readonly free: string;
  /** A package whose script fails, and what is said then. */
  readonly failing: RegExp;
}

const HIDE = (...names: string[]): string =>
  names.map((name) => `mv /usr/bin/${name} /usr/bin/${name}.hidden;`).join('');
const RPM_VERSIONS = `rpm -q --qf '%{NAME} %{EVR}\\n' tuneme second tuneme-tools | grep -v 'not installed'; true`;

const FAMILIES: readonly Family[] = [
  {
    name: 'apt',
    prepare: 'apt-get -q update >/dev/null 2>&1',
    install: 'apt-get -y -q install --allow-downgrades tuneme=1.0-1 second=1.0-1 >/dev/null 2>&1',
    versions: `dpkg-query -W -f '\${db:Status-Abbrev}\${Package} \${Version}\\n' tuneme second tuneme-tools 2>/dev/null | sed -n 's/^.i //p'`,
    hold: 'apt-mark hold second',
    free: 'apt-mark unhold second',
    failing: /nothing works/,
  },
  {
    name: 'dnf',
    prepare: `${HIDE('apt-get')} dnf -q makecache 2>/dev/null`,
    install: 'dnf -y -q install tuneme-1.0 second-1.0 2>/dev/null',
    versions: RPM_VERSIONS,
    hold: 'echo exclude=second >>/etc/dnf/dnf.conf',
    free: 'sed -i /exclude/d /etc/dnf/dnf.conf',
    failing: /nothing works|failing/,
  },
  {
    name: 'zypper',
    prepare: `${HIDE('apt-get', 'dnf')} zypper -n -q refresh`,
    install: 'zypper -n -q install --oldpackage tuneme=1.0 second=1.0',
    versions: RPM_VERSIONS,
    hold: 'zypper -n -q addlock second',
    free: 'zypper -n -q removelock second',
    failing: /nothing works|failing/,
  },
];

describe.skipIf(address === undefined).sequential.each(FAMILIES)('package, with a real $name', (family) => {
  let machine: Machine;
  const ok = (outcome: Outcome): Outcome => {
    expect(outcome.words).toBe('');
    expect(outcome.status).toBe(0);
    return outcome;
  };
  const run = (...all: object[]) => machine.kvmplay.run(all.map((params) => ({ package: params })));
  const audit = (...all: object[]) => machine.kvmplay.audit(all.map((params) => ({ package: params })));
  const summaries = (outcome: Outcome) =>
    outcome.results.flatMap(({ changes }) => changes.map((change) => (change as { summary?: string }).summary));
  const versions = () => machine.read(family.versions).split('\n').sort();

  beforeAll(async () => {
    if (!address) return;
    machine = await startMachine(address, `packages-${family.name}`, family.prepare);
    machine.read(family.install);
  });

  test('the newest, a very version, one more and one less: as foretold, once, and back', () => {
    const tasks = [{ name: 'tuneme', state: 'latest' }, { name: 'tuneme-tools' }, { name: 'second', state: 'absent' }];
    const before = versions();
    expect(before).toEqual(['second 1.0-1', 'tuneme 1.0-1']);

    const foretold = audit(...tasks);

    expect([foretold.status, foretold.words]).toEqual([3, '']);
    expect(summaries(foretold)[0]).toBe('tuneme: 1.0-1 → 1.1-1');
    expect(versions()).toEqual(before);

    const done = ok(run(...tasks));

    expectProven('container', `package-${family.name}`, done, ['package']);
    expect(summaries(done)).toEqual(summaries(foretold));
    expect(versions()).toEqual(['tuneme 1.1-1', 'tuneme-tools 2.0-1']);
    expect(machine.read('cat /usr/share/tuneme/version')).toBe('1.1-1');
    const again = ok(run(...tasks));
    expect([again.targets, again.roundTrips]).toEqual([[], 1]);

    ok(machine.kvmplay.rollback(done.id));

    expect(versions()).toEqual(before);
  });

  test('goes to a version that is named, also an older one, and back', () => {
    const newer = ok(run({ name: ['tuneme=1.1-1', 'second'] }));
    expect(versions()).toEqual(['second 1.0-1', 'tuneme 1.1-1']);
    expect(audit({ name: 'tuneme=1.1-1' }).status).toBe(0);

    const older = ok(run({ name: 'tuneme=1.0-1' }));

    expect(versions()).toEqual(['second 1.0-1', 'tuneme 1.0-1']);
    ok(machine.kvmplay.rollback(older.id));
    expect(versions()).toEqual(['second 1.0-1', 'tuneme 1.1-1']);
    ok(machine.kvmplay.rollback(newer.id));
    expect(versions()).toEqual(['second 1.0-1', 'tuneme 1.0-1']);
  });

  test('leaves what is held, and says that it waits for somebody', () => {
    machine.read(family.hold);

    const found = audit({ name: 'second', state: 'latest' });

    expect(found.status).toBe(3);
    expect(summaries(found)).toEqual([expect.stringMatching(/^second: 1\.0-1 → 1\.1-1, which a hold/)]);
    ok(run({ name: 'second', state: 'latest' }));
    expect(versions()).toContain('second 1.0-1');
    machine.read(family.free);
  });

  test('cannot tell of a name that no list knows, and fails with the words of the package manager', () => {
    const task = { name: ['tuneme', 'nosuch'], lock_timeout: 1 };
    const before = versions();

    const foretold = audit(task);
    const { status, words } = run(task);

    expect(foretold.results.map((result) => result.status)).toEqual(['unknown']);
    expect([status, words]).toEqual([2, expect.stringMatching(/nosuch/)]);
    expect(versions()).toEqual(before);
  });

  test('shows why a package could not be installed', () => {
    const { status, words } = run({ name: 'failing' });

    expect([status, words]).toEqual([2, expect.stringMatching(family.failing)]);
  });
});

describe.skipIf(address === undefined)('package, while another apt is at work', () => {
  test('waits as long as it is told to, and says which lock is taken', async () => {
    if (!address) return;
    const machine = await startMachine(address, 'packages-locked', 'apt-get -q update >/dev/null 2>&1');
    const lock = `import fcntl, time; f = open("/var/lib/dpkg/lock-frontend", "w"); fcntl.lockf(f, fcntl.LOCK_EX); time.sleep(600)`;
    machine.read(`setsid python3 -c '${lock}' >/dev/null 2>&1 </dev/null & sleep 0.5`);

    const { status, words } = machine.kvmplay.run([{ package: { name: 'tuneme', lock_timeout: 1 } }]);

    expect([status, words]).toEqual([2, expect.stringMatching(/dpkg frontend lock/)]);
    machine.read('pkill python3');
    expect(machine.kvmplay.run([{ package: { name: 'tuneme', lock_timeout: 1 } }]).words).toBe('');
  });
});
