import { expect, it } from 'vitest';
import { play, untuned } from './play.ts';

const tasks = (yaml: string): string => `- hosts: all\n  tasks:\n${yaml}`;
const failing = { status: 3, stdout: 'half\n', stderr: 'no room\n' };
const host = () =>
  untuned('60', {
    files: { '/etc/a': 'x\n', '/proc/sys/vm/swappiness': '60\n' },
    commands: { date: 'today\n', grow: failing, '/bin/sh': 'a\nb\n' },
  });

const statuses = ({ results }: Awaited<ReturnType<typeof play>>) => results.map(({ status }) => status);

const USES = tasks(`
    - { command: { argv: [date] }, register: came }
    - { debug: { msg: "{{ came.stdout }}" } }
    - { command: { argv: [date] }, when: came.rc == 0 }
    - { file: { path: /etc/b } , ignore_errors: true }
    - { copy: { content: y, dest: /etc/c } }
`);

it('knows of a command in check mode that nothing can be known, and of what depends on it', async () => {
  const kvm = host();

  const checked = await play(USES, { check: true, hosts: { kvm } });

  expect(statuses(checked)).toEqual(['unknown', 'unknown', 'unknown', 'unknown', 'changed']);
  expect(checked.results[3]?.reason).toMatch(/nobody can tell what comes of "date"/);
  expect(kvm.actions).toEqual([]);
});

it('registers what a command printed, and goes by it', async () => {
  const run = await play(USES, { hosts: { kvm: host() } });

  expect(statuses(run)).toEqual(['changed', 'ok', 'changed', 'ignored', 'changed']);
  expect(run.results[0]?.registered).toMatchObject({
    changed: true,
    rc: 0,
    stdout: 'today',
    stdout_lines: ['today'],
    stderr: '',
  });
  expect(run.results[1]?.message).toEqual({ msg: 'today' });
});

it('registers what a command printed that failed, and lets failed_when and changed_when have the last word', async () => {
  const run = await play(
    tasks(`
    - { command: { argv: [grow] }, register: came, ignore_errors: true }
    - { command: { argv: [grow] }, register: came, failed_when: came.rc > 3, changed_when: came.stdout == "other" }
    - { command: { argv: [grow], reads_only: true }, register: came, failed_when: came.rc != 3 }
    - { command: { argv: [none] }, register: came, ignore_errors: true }
`),
    { hosts: { kvm: host() } },
  );

  expect(statuses(run)).toEqual(['ignored', 'ok', 'ok', 'ignored']);
  expect(run.results.map(({ registered }) => (registered as { rc?: number } | undefined)?.rc)).toEqual([3, 3, 3, 127]);
  expect(run.results[0]?.registered).toMatchObject({ failed: true, stdout: 'half', stderr_lines: ['no room'] });
});

it('runs what only reads in check mode too, in the one frame, and calls it no change', async () => {
  const kvm = host();
  const yaml = tasks(`
    - { command: { cmd: date, reads_only: true }, register: came }
    - { sysctl: { values: { vm.swappiness: 10 }, persistent: false }, when: came.stdout == "today" }
`);

  const checked = await play(yaml, { check: true, hosts: { kvm } });

  expect(statuses(checked)).toEqual(['ok', 'changed']);
  expect(kvm.roundTrips).toBeLessThanOrEqual(2);
});

it('does not run what is done already', async () => {
  const kvm = host();

  const run = await play(
    tasks(`
    - { command: { argv: [date], creates: /etc/a } }
    - { command: { argv: [date], creates: "/etc/*" } }
    - { command: { argv: [date], removes: /etc/nothing } }
    - { command: { cmd: "echo a | cat", shell: true, removes: /etc/a, chdir: /etc } }
`),
    { hosts: { kvm } },
  );

  expect(statuses(run)).toEqual(['ok', 'ok', 'ok', 'changed']);
  expect(kvm.actions).toHaveLength(1);
});

it('writes nothing of what a command printed, or of its words under no_log, into the journal', async () => {
  const run = await play(
    tasks(`
    - { command: { argv: [date] } }
    - { command: { argv: [grow, s3cr3t] }, no_log: true, ignore_errors: true }
`),
    { hosts: { kvm: host() } },
  );

  const written = JSON.stringify(run.records);
  expect(written).toContain('"date"');
  expect(written).not.toMatch(/today|s3cr3t|no room/);
  expect(JSON.stringify(run.results[1])).not.toMatch(/s3cr3t|no room/);
});

it('splits a text as sh does, and tells of what cannot be split before any host is touched', async () => {
  const kvm = host();
  const run = await play(tasks(`    - { command: { cmd: "date 'a b' \\"c\\"" } }`), { hosts: { kvm } });

  expect(kvm.actions).toMatchObject([{ argv: ['date', 'a b', 'c'] }]);
  expect(statuses(run)).toEqual(['changed']);
  const bad = await play(tasks(`    - { command: { cmd: "date 'a" } }`), { hosts: { kvm: host() } });
  expect(bad.results[0]?.error?.message).toMatch(/a quotation begins with ' and does not end/);
});
