import { expect, it } from 'vitest';
import type { Event, Result } from '../../../src/engine/events.ts';
import { humanReport } from '../../../src/report/human.ts';

const resultOf = (host: string, summary: string | undefined, more: Partial<Result> = {}): Result =>
  ({
    host,
    status: summary === undefined ? 'ok' : 'changed',
    diff: true,
    ms: 1,
    changes:
      summary === undefined
        ? []
        : [{ target: '/x', plane: 'live', summary, before: null, after: null, impact: 'none' }],
    ...more,
  }) as unknown as Result;

function said(results: readonly Result[]): string {
  let out = '';
  const report = humanReport({ write: (text) => (out += text) });
  const hosts = [...new Set(results.map(({ host }) => host))];
  const step = { name: 'Swap little', module: 'sysctl', source: 'site.yml:3:5' };
  const events = [
    { event: 'play_start', name: 'p', hosts, steps: [step] },
    { event: 'batch_start', hosts },
    ...results.map((result) => ({ event: 'task_result', step: 0, spot: [0], result })),
    { event: 'batch_end' },
  ];
  for (const event of events) report(event as unknown as Event);
  return out.slice(out.indexOf('TASK')).replace(/^.*\n/, '');
}

it('shows changes that are the same on several hosts once, and still every host', () => {
  const results = [
    resultOf('hv01', 'vm.swappiness: 60 → 10'),
    resultOf('hv02', 'vm.swappiness: 30 → 10'),
    resultOf('hv03', 'vm.swappiness: 60 → 10'),
    resultOf('hv04', undefined),
  ];

  expect(said(results)).toBe(
    [
      '# the same on 2 hosts: hv01, hv03',
      '  live       vm.swappiness: 60 → 10',
      'changed: [hv01]',
      'changed: [hv03]',
      '  live       vm.swappiness: 30 → 10',
      'changed: [hv02]',
      'ok: [hv04]',
      '',
    ].join('\n'),
  );
});

it('leaves the order as it is where no two hosts are alike', () => {
  const results = [resultOf('b', 'x: 1 → 3'), resultOf('a', undefined), resultOf('c', 'x: 2 → 3')];

  expect(
    said(results)
      .split('\n')
      .filter((line) => !line.startsWith(' ')),
  ).toEqual(['changed: [b]', 'ok: [a]', 'changed: [c]', '']);
});
