import { expect, it } from 'vitest';
import { play, untuned } from './play.ts';

const tasks = (yaml: string): string => `- hosts: all\n  tasks:\n${yaml}`;
const UNTIL = tasks('    - { wait_for: { path: /run/ready, timeout: 3, sleep: 1 }, register: came }\n');

it('looks again until it is so, and calls it no change', async () => {
  const kvm = untuned();
  setTimeout(() => kvm.files.put('/run/ready', ''), 500);

  const { results, status } = await play(UNTIL, { hosts: { kvm } });

  expect([status, results[0]?.status, results[0]?.changes]).toEqual([0, 'ok', []]);
  expect(results[0]?.ms).toBeGreaterThanOrEqual(1000);
});

it('fails when the time is over', async () => {
  const { results } = await play(tasks('    - { wait_for: { port: 22, timeout: 1 } }\n'), {
    hosts: { kvm: untuned() },
  });

  expect(results[0]).toMatchObject({
    status: 'failed',
    error: { code: 'WaitTimeout', message: 'waited 1 s for port 22 to be started' },
  });
});

it('waits for nothing in check mode: what is not so yet is unknown', async () => {
  const kvm = untuned();

  const first = await play(UNTIL, { check: true, hosts: { kvm } });
  kvm.files.put('/run/ready', '');
  kvm.reconnect();
  const second = await play(UNTIL, { check: true, hosts: { kvm } });

  expect([first.results[0]?.status, first.results[0]?.reason]).toEqual([
    'unknown',
    'it would wait for /run/ready to be started',
  ]);
  expect(second.results[0]?.status).toBe('ok');
});
