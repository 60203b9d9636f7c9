import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { type Action, file, type Guard, type Reading, type Remote } from '../../src/contract/index.ts';
import { localChannel } from '../../src/transport/local.ts';
import { openShell } from '../../src/transport/shell.ts';
import { type Shell, shells } from '../support/shells.ts';

const isRoot = process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0;

/** The shell with a /run of its own, and as the host's /bin/sh, which is what the timer runs in. */
function alone({ name, command }: Shell): readonly [string, ...string[]] {
  const kind = ['busybox', 'bash', 'dash'].find((one) => name.includes(one)) ?? 'sh';
  const binary = realpathSync(kind === 'busybox' ? `/bin/${kind}` : `/usr/bin/${kind}`);
  const script = 'mount -t tmpfs none /run && mount --bind "$0" "$(readlink -f /bin/sh)" && exec "$@"';
  return ['unshare', '-m', 'sh', '-c', script, binary, ...command];
}

const write = (name: string, content: string): Action => ({ do: 'write', path: `/run/${name}`, content });
const arm = (id: string, number: number, ...steps: Action[][]): Guard => ({ do: 'arm', id, seconds: 5, number, steps });

// They wait most of the time: beside each other.
(isRoot ? describe.concurrent : describe.skip).each(shells())('the timer of --confirm in $name', (shell) => {
  let remote: Remote;
  const open = () => openShell(localChannel(alone(shell)), { name: 'here' });
  const ask = async (guard: Guard, ...actions: Action[]) => remote.exchange({ actions, probes: [], guard });
  const read = async (path: string): Promise<Reading | undefined> =>
    (await remote.exchange({ actions: [], probes: [file(path)] })).readings[0];
  beforeAll(async () => {
    remote = await open();
  });
  afterAll(() => remote.close());

  test('undoes the last step first when no sign of life comes, and leaves a note until it is forgotten', async ({
    expect,
  }) => {
    const odd = `two\nlines, a ' quote, $(touch /run/evil) and \\ `;
    const first = await ask(arm('a', 1, [write('order', 'first')]), write('file', 'new'));
    const second = await ask(arm('a', 2, [write('order', 'second'), write('file', odd)]), write('other', '1'));
    expect([first.guard?.is, second.guard?.is, first.results[0]?.ok]).toEqual(['armed', 'armed', true]);
    await sleep(3000);
    expect((await ask({ do: 'touch', id: 'a', seconds: 6 })).guard?.is).toBe('armed');
    await sleep(3500);
    expect(await read('/run/file')).toEqual({ is: 'text', text: 'new' });
    await sleep(6000);

    expect(await read('/run/file')).toEqual({ is: 'text', text: odd });
    expect(await read('/run/order')).toEqual({ is: 'text', text: 'first' });
    expect((await read('/run/evil'))?.is).toBe('absent');
    const late = await ask(arm('a', 3, [write('order', 'third')]), write('other', '2'));
    expect(late.results[0]).toMatchObject({ ok: false, message: expect.stringContaining('has undone') });
    expect(await read('/run/other')).toEqual({ is: 'text', text: '1' });
    const { guard } = await ask({ do: 'confirm', id: 'a' });
    expect(guard).toMatchObject({ is: 'fired', undone: { id: 'a', seconds: 5, failed: 0 } });
    await ask({ do: 'forget', id: 'a' });
    expect((await read('/run/kvmplay/confirm/a/fired'))?.is).toBe('absent');
  });

  test('counts the steps that it cannot undo, and undoes the others', async ({ expect }) => {
    await ask(arm('b', 1, [write('mended', 'yes')], [{ do: 'poke', path: '/run/nothing/here', value: '1' }]));
    await sleep(8000);

    expect((await ask({ do: 'confirm', id: 'b' })).guard).toMatchObject({ is: 'fired', undone: { failed: 1 } });
    expect(await read('/run/mended')).toEqual({ is: 'text', text: 'yes' });
    await ask({ do: 'forget', id: 'b' });
  });

  test('is gone once it is confirmed', async ({ expect }) => {
    await ask(arm('c', 1, [write('kept', 'no')]), write('kept', 'yes'));
    expect((await ask({ do: 'confirm', id: 'c' })).guard?.is).toBe('confirmed');
    await sleep(7000);

    expect(await read('/run/kept')).toEqual({ is: 'text', text: 'yes' });
    expect((await read('/run/kvmplay/confirm/c/alive'))?.is).toBe('absent');
    expect((await ask(arm('c', 2, [])))?.guard?.is).toBe('gone');
  });
});
