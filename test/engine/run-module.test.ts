import { describe, expect, it } from 'vitest';
import type { ActionResult, Change, Impact, Module, Remote } from '../../src/contract/index.ts';
import { openEyes } from '../../src/engine/eyes.ts';
import type { Ledger } from '../../src/engine/ledger.ts';
import { makeOverlay } from '../../src/engine/overlay.ts';
import { apply, foretell, runModule } from '../../src/engine/run-module.ts';
import { fakeHost } from '../support/fake-host.ts';
import { chained, event, guarded, knob } from './knob-module.ts';

interface Written {
  readonly ledger: Ledger;
  readonly lines: string[];
}

function ledger(): Written {
  const lines: string[] = [];
  return {
    lines,
    ledger: {
      intend: async (changes: readonly Change[]) => lines.push(`intend ${changes.map((change) => change.summary)}`),
      done: async (_, results: readonly ActionResult[]) => void lines.push(`done ${results.map(({ ok }) => ok)}`),
      lost: async (_, why) => void lines.push(`lost ${why}`),
      takenBack: async (_, results) => void lines.push(`taken back ${results.map(({ ok }) => ok)}`),
    },
  };
}

/** Nothing here reboots. */
const never = () => Promise.reject(new Error('it reboots'));

const run = (host: Remote, module: Module, params: unknown, written = ledger(), maxImpact: Impact = 'reboot') =>
  runModule(module, params, openEyes(host, makeOverlay()), apply(written.ledger, never), maxImpact);

describe('a module on a host', () => {
  it('changes nothing on a host that is as asked, and sends one frame', async () => {
    const host = fakeHost({ files: { '/k': 'on\n' } });

    const outcome = await run(host, knob, { path: '/k', value: 'on' });

    expect(outcome).toEqual({ is: 'planned', plan: { changes: [] } });
    expect(host.actions).toEqual([]);
    expect(host.roundTrips).toBe(1);
  });

  it('writes its intent down before it acts, and acts and verifies in one frame', async () => {
    const host = fakeHost({ files: { '/k': 'off\n' } });
    const written = ledger();

    const outcome = await run(host, knob, { path: '/k', value: 'on' }, written);

    expect(outcome).toMatchObject({ is: 'planned', plan: { changes: [{ summary: '/k: off → on' }] } });
    expect(host.read('/k')).toBe('on\n');
    expect(host.roundTrips).toBe(2);
    expect(written.lines).toEqual(['intend /k: off → on', 'done true']);
  });

  it('names what was asked and what was granted when the kernel clamps', async () => {
    const host = fakeHost({ files: { '/k': '1\n' }, kernel: { '/k': () => '439' } });

    const outcome = await run(host, knob, { path: '/k', value: '5000' });

    expect(outcome).toMatchObject({ is: 'failed', problem: { code: 'DidNotConverge', hint: 'ask at boot' } });
    expect(outcome).toHaveProperty(
      'problem.message',
      expect.stringContaining('/k: asked for "5000", the host has "439"'),
    );
  });

  it('does not take a refused write for done', async () => {
    const host = fakeHost({ files: { '/k': '1\n' }, kernel: { '/k': () => ({ errno: 'EINVAL' }) } });
    const written = ledger();

    const outcome = await run(host, knob, { path: '/k', value: '9' }, written);

    expect(outcome).toMatchObject({ is: 'failed', problem: { code: 'ActionFailed', hint: 'ask for less' } });
    expect(written.lines.at(-1)).toBe('done false');
  });

  it('takes back a change whose last part the kernel refuses', async () => {
    const kernel = { '/k': (value: string) => (value === '9' ? ({ errno: 'EBUSY' } as const) : value) };
    const host = fakeHost({ files: { '/k': '1\n', '/guard': 'on\n' }, kernel });
    const written = ledger();

    const outcome = await run(host, guarded, { path: '/k', guard: '/guard', value: '9' }, written);

    expect(outcome).toMatchObject({ is: 'failed', problem: { code: 'ActionFailed' } });
    expect(outcome).toHaveProperty('problem.message', expect.stringContaining('what was half done is taken back'));
    expect([host.read('/k'), host.read('/guard')]).toEqual(['1\n', 'on\n']);
    expect(written.lines).toEqual(['intend /k: 1 → 9', 'done true,false,skipped', 'taken back true,true,true']);
  });

  it('says so where what is half done cannot be taken back', async () => {
    const host = fakeHost({ files: { '/k': '1\n', '/guard': 'on\n' }, kernel: { '/k': () => ({ errno: 'EBUSY' }) } });

    const outcome = await run(host, guarded, { path: '/k', guard: '/guard', value: '9' });

    expect(outcome).toHaveProperty('problem.message', expect.stringMatching(/is half done, and taking it back failed/));
  });

  it('leaves word that it may have acted when the connection breaks before the answer', async () => {
    const host = fakeHost({ files: { '/k': 'off\n' }, drop: { frame: 2 } });
    const written = ledger();

    await expect(run(host, knob, { path: '/k', value: 'on' }, written)).rejects.toMatchObject({ name: 'Unreachable' });

    expect(written.lines[0]).toBe('intend /k: off → on');
    expect(written.lines[1]).toMatch(/^lost /);
  });

  it('does nothing at all when the intent cannot be written down', async () => {
    const host = fakeHost({ files: { '/k': 'off\n' } });
    const full: Ledger = { ...ledger().ledger, intend: () => Promise.reject(new Error('ENOSPC')) };

    await expect(
      runModule(knob, { path: '/k', value: 'on' }, openEyes(host, makeOverlay()), apply(full, never), 'reboot'),
    ).rejects.toThrow('ENOSPC');

    expect(host.actions).toEqual([]);
  });

  it('refuses before acting what would do more than --max-impact allows', async () => {
    const host = fakeHost({ files: { '/run/count': '1\n' } });

    const outcome = await run(host, event, {}, ledger(), 'network-blip');

    expect(outcome).toMatchObject({ is: 'failed', problem: { code: 'ImpactRefused' } });
    expect(host.actions).toEqual([]);
  });

  it('does an event once, and does not ask it to be undone by itself', async () => {
    const host = fakeHost({ files: { '/run/count': '1\n' } });

    expect(await run(host, event, {})).toMatchObject({ is: 'planned' });
    expect(host.read('/run/count')).toBe('2\n');
  });

  it('fails a task that may not read what it must, and does not take it for absent', async () => {
    const host: Remote = {
      roundTrips: 0,
      close: async () => {},
      exchange: async ({ probes }) => ({ results: [], readings: probes.map(() => ({ is: 'refused', why: 'EACCES' })) }),
    };

    expect(await run(host, knob, { path: '/k', value: 'on' })).toMatchObject({
      is: 'failed',
      problem: { code: 'Unreadable' },
    });
  });
});

describe('check mode', () => {
  const check = async (host: Remote, ...jobs: [Module, unknown][]) => {
    const eyes = openEyes(host, makeOverlay());
    const outcomes = [];
    for (const [module, params] of jobs)
      outcomes.push(await runModule(module, params, eyes, foretell(module.name), 'reboot'));
    return outcomes;
  };

  it('sends no action, and lets a later task see what an earlier one would have done', async () => {
    const host = fakeHost({ files: { '/k': 'off\n' } });

    const [first, second] = await check(host, [knob, { path: '/k', value: 'on' }], [knob, { path: '/k', value: 'on' }]);

    expect(first).toMatchObject({ plan: { changes: [{ summary: '/k: off → on' }] } });
    expect(second).toEqual({ is: 'planned', plan: { changes: [] } });
    expect(host.actions).toEqual([]);
    expect(host.roundTrips).toBe(1);
  });

  it('says unknown of what an earlier task would disturb', async () => {
    const host = fakeHost({ files: { '/k': 'off\n', '/twin': '5\n' } });

    const [, second] = await check(
      host,
      [knob, { path: '/k', value: 'on', disturbs: '/twin' }],
      [knob, { path: '/twin', value: '5' }],
    );

    expect(second).toEqual({ is: 'unknown', because: 'knob would change it' });
  });
});

describe('reading ahead', () => {
  it('reads what readings name, one frame for each link of the chain, however many modules', async () => {
    const files = { '/list': '/a\n/b\n', '/a': 'on\n', '/b': 'on\n', '/k': 'x\n' };
    const host = fakeHost({ files });
    const eyes = openEyes(host, makeOverlay());

    await eyes.survey([
      { module: chained, params: { list: '/list' } },
      { module: knob, params: { path: '/k', value: 'x' } },
    ]);
    await runModule(chained, { list: '/list' }, eyes, foretell('a'), 'reboot');
    await runModule(knob, { path: '/k', value: 'x' }, eyes, foretell('b'), 'reboot');

    expect(host.roundTrips).toBe(2);
  });

  it('reads everything again with an action, so that k changes cost 1 + k frames', async () => {
    const host = fakeHost({ files: { '/a': '0\n', '/b': '0\n', '/c': '1\n' } });
    const eyes = openEyes(host, makeOverlay());
    const jobs = ['/a', '/b', '/c'].map((path) => ({ module: knob, params: { path, value: '1' } }));

    await eyes.survey(jobs);
    for (const { module, params } of jobs)
      await runModule(module, params, eyes, apply(ledger().ledger, never), 'reboot');

    expect(host.roundTrips).toBe(3);
  });

  it('trusts nothing it read before once something was changed', async () => {
    const host = fakeHost({
      files: { '/a': '0\n', '/b': '1\n' },
      kernel: {
        '/a': (value, { set }) => {
          set('/b', '0');
          return value;
        },
      },
    });
    const eyes = openEyes(host, makeOverlay());
    const b = { path: '/b', value: '1' };

    await eyes.survey([{ module: knob, params: b }]);
    await runModule(knob, { path: '/a', value: '1' }, eyes, apply(ledger().ledger, never), 'reboot');
    await runModule(knob, b, eyes, apply(ledger().ledger, never), 'reboot');

    expect(host.read('/b')).toBe('1\n');
  });
});
