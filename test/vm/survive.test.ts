import { beforeAll, describe, expect, inject, test } from 'vitest';
import { type Kvmplay, type Outcome, of } from '../support/kvmplay.ts';
import { expectProven } from '../support/proven.ts';
import { CASES } from './cases.ts';
import { attachHost, type Host } from './host.ts';
import { kvmplayOver } from './kvmplay.ts';

const vm = inject('vm');

/** By case: what the kernel calls the things that it is about, where it may be something else after a boot and nothing else names them. */
const NAMED: Readonly<Record<string, string>> = {
  irq_affinity: 'ls -d /proc/irq/*/*-rxtx-* /proc/irq/*/virtio*',
};
/** Of what is looked at, the cases' names. */
const names = CASES.flatMap(({ name, proof }) => Object.keys(proof).map(() => name));

const ALL = CASES.flatMap(({ name, tasks }) => tasks.map((task) => ({ name, ...task })));

// One run and one reboot serve all modules: what each was asked for has to stand beside what the others were.
describe.skipIf(vm === undefined).sequential('on a real kernel', () => {
  let host: Host;
  let kvmplay: Kvmplay;
  let before: readonly string[];
  let shown: ReadonlyMap<string, string>;
  let named: Readonly<Record<string, string>>;
  let audit: Outcome;
  let run: Outcome;

  const namesNow = () => {
    const found = host.readAll(Object.values(NAMED));
    return Object.fromEntries(Object.keys(NAMED).map((name, at) => [name, found[at] ?? '']));
  };
  const doAll = (commands: readonly (string | undefined)[]) =>
    host.read(commands.map((command = 'true') => `(${command}\n)`).join(' && '));
  const prepare = () => doAll(CASES.map((one) => one.prepare));
  const settle = () => doAll(CASES.map((one) => one.settle));
  const COMMANDS = CASES.flatMap(({ proof }) => Object.keys(proof));
  const look = () => host.readAll(COMMANDS);
  /** By command, what it prints now. */
  const readBack = (): ReadonlyMap<string, string> => {
    const texts = look();
    return new Map(COMMANDS.map((command, at) => [command, texts[at] ?? '']));
  };
  const shownOf = (proof: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.keys(proof).map((command) => [command, shown.get(command)]));

  beforeAll(() => {
    if (!vm) return;
    host = attachHost(vm);
    kvmplay = kvmplayOver(vm);
    prepare();
    before = look();
    named = namesNow();
  });

  test('an audit changes nothing', () => {
    audit = kvmplay.audit(ALL);

    expect(audit.status, audit.words).toBe(3);
    expect(look()).toEqual(before);
  });

  test('a run changes what the audit foretold, and no more', () => {
    run = kvmplay.run(ALL);

    expect(run.status, run.words).toBe(0);
    for (const { name } of CASES) expect(of(run, name).targets).toEqual(of(audit, name).targets);
    expect(CASES.filter(({ name }) => of(run, name).targets.length === 0)).toEqual([]);
    expectProven(
      'vm',
      'survive',
      run,
      CASES.map(({ name }) => name),
    );
  });

  describe('as they show it', () => {
    beforeAll(() => {
      shown = readBack();
    });

    test.each(CASES)("$name: what was asked is what the system's own tools show", ({ proof }) => {
      expect(shownOf(proof)).toEqual(proof);
    });
  });

  test('a second run changes nothing, in one round trip', () => {
    const again = kvmplay.run(ALL);

    expect([again.status, again.targets, again.roundTrips]).toEqual([0, [], 1]);
  });

  describe('after a reboot', () => {
    beforeAll(async () => {
      await host.reboot();
      prepare();
      shown = readBack();
    });

    test.each(CASES)('$name: all is still so', ({ proof }) => {
      expect(shownOf(proof)).toEqual(proof);
    });

    test('an audit finds nothing', () => {
      const again = kvmplay.audit(ALL);

      expect([again.status, again.targets], again.words).toEqual([0, []]);
    });

    describe('when somebody has changed things by hand', () => {
      let found: Outcome;
      beforeAll(() => {
        settle();
        doAll(CASES.map(({ drift }) => drift.command));
        found = kvmplay.audit(ALL);
      });

      test.each(CASES)('$name: an audit names what was changed, and that alone', ({ name, drift }) => {
        const { targets, results } = of(found, name);
        expect(targets, `${found.words}${JSON.stringify(results)}`).toEqual([drift.target]);
      });

      test('a run mends it', () => {
        expect(kvmplay.run(ALL).targets).toEqual(found.targets);
        shown = readBack();
        for (const { proof } of CASES) expect(shownOf(proof)).toEqual(proof);
      });
    });

    test('a rollback of the first run leaves the machine as it was found', () => {
      settle();
      const back = kvmplay.rollback(run.id);

      expect(back.status, back.words).toBe(0);
      // What was live is taken back under the name that it had, and the boot may have given that to another interrupt.
      const now = namesNow();
      const other = Object.keys(NAMED).filter((name) => now[name] !== named[name]);
      const kept = (all: readonly string[]) => all.filter((_, at) => !other.includes(names[at] ?? ''));
      expect(kept(look())).toEqual(kept(before));
    });
  });
});
