import { beforeAll, describe, expect, inject, test } from 'vitest';
import { CASES } from './cases.ts';
import { attachHost, type Host } from './host.ts';
import { changedBy, kvmplay, roundTripsOf } from './kvmplay.ts';

const vm = inject('vm');

// One reboot serves all modules: what each was asked for has to stand beside what the others were.
describe.skipIf(vm === undefined).sequential('on a real kernel', () => {
  let host: Host;
  const prepare = () => {
    for (const one of CASES) if (one.prepare) host.read(one.prepare);
  };
  beforeAll(() => {
    if (!vm) return;
    host = attachHost(vm);
    prepare();
  });
  const readBack = (proof: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.keys(proof).map((command) => [command, host.read(command)]));

  describe.each(CASES)('$name', ({ tasks, proof }) => {
    let foretold: readonly string[];

    test('an audit says what would change, and changes nothing', () => {
      const before = Object.keys(proof).map((command) => host.ssh(command).stdout);

      const audit = kvmplay(host, 'audit', tasks);

      foretold = audit.targets;
      expect(audit.status, audit.words).toBe(3);
      expect(foretold).not.toEqual([]);
      expect(Object.keys(proof).map((command) => host.ssh(command).stdout)).toEqual(before);
    });

    test("what was asked is what the system's own tools show, and all that changed was foretold", () => {
      const run = kvmplay(host, 'run', tasks);

      expect(run.status, run.words).toBe(0);
      expect(run.targets).toEqual(foretold);
      expect(readBack(proof)).toEqual(proof);
    });

    test('a second run changes nothing, in one round trip', () => {
      const again = kvmplay(host, 'run', tasks);

      expect([again.status, changedBy(again), roundTripsOf(again)]).toEqual([0, 0, 1]);
    });
  });

  describe('after a reboot', () => {
    beforeAll(async () => {
      await host.reboot();
      prepare();
    });

    describe.each(CASES)('$name', ({ tasks, proof, drift }) => {
      test('all is still so', () => {
        expect(readBack(proof)).toEqual(proof);
        expect(kvmplay(host, 'audit', tasks).status).toBe(0);
      });

      test('an audit names what somebody changed by hand, and that alone', () => {
        host.read(drift.command);

        const audit = kvmplay(host, 'audit', tasks);

        expect([audit.status, audit.targets]).toEqual([3, [drift.target]]);
      });

      test('a run mends it', () => {
        expect(changedBy(kvmplay(host, 'run', tasks))).toBe(1);
        expect(readBack(proof)).toEqual(proof);
      });
    });
  });
});
