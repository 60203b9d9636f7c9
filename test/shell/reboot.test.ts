import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { reboot } from '../../modules/reboot.ts';
import type { Action } from '../../src/contract/index.ts';
import { localChannel } from '../../src/transport/local.ts';
import { openShell } from '../../src/transport/shell.ts';
import { planOn } from '../support/plan.ts';
import { shells } from '../support/shells.ts';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';
const asRoot = process.getuid?.() === 0;

/** What the module would have done, with another command in place of the one that reboots. */
async function actionWith(argv: readonly string[]): Promise<Action> {
  const { changes } = await planOn(reboot, { msg: 'x' }, { [BOOT_ID]: 'a\n', '/sbin/shutdown': '' });
  const [action] = changes[0]?.do ?? [];
  if (action?.do !== 'exec') throw new Error('a reboot is a command');
  const own = action.argv.indexOf('/sbin/shutdown');
  return { ...action, argv: [...action.argv.slice(0, own), ...argv] };
}

describe.each(shells())('$name', ({ command }) => {
  test.skipIf(!asRoot)('answers first, and does it when the connection is gone', async () => {
    const place = mkdtempSync(join(tmpdir(), 'kvmplay-reboot-'));
    const done = join(place, 'done with "it"');
    const remote = await openShell(localChannel(command), { name: 'here' });

    const { results } = await remote.exchange({ actions: [await actionWith(['touch', done])], probes: [] });
    const early = existsSync(done);
    await remote.close();

    expect([results[0]?.ok, early]).toEqual([true, false]);
    for (let tries = 0; tries < 50 && !existsSync(done); tries++) await sleep(100);
    expect(existsSync(done)).toBe(true);
    rmSync(place, { recursive: true });
  });
});
