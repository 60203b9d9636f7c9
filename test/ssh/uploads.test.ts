import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { connect } from '../../src/transport/connect.ts';
import { targetOf } from '../../src/transport/target.ts';
import { noSshd } from '../support/sshd.ts';
import { ask, nobody, openSite } from './site.ts';

const why = noSshd();
const MIB = 1 << 20;

describe.skipIf(why)(`large files over SSH${why ? ` (skipped: ${why})` : ''}`, () => {
  const site = openSite();
  afterAll(() => site.close());

  test('100 MiB arrive whole, with flat memory, and the session goes on', { timeout: 120_000 }, async () => {
    const sshd = await site.server();
    const remote = await connect(targetOf('kvm1', site.variables(sshd)), nobody());
    const folder = mkdtempSync(join(tmpdir(), 'kvmplay-large-'));
    const path = join(folder, 'source');
    const block = Buffer.from(Array.from({ length: MIB }, (_, index) => (index * 7 + (index >> 8)) % 256));
    for (let part = 0; part < 100; part++) writeFileSync(path, block, { flag: 'a' });
    const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
    global.gc?.();
    const before = process.memoryUsage().rss;
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss);
    }, 20);

    const { results, readings } = await remote.exchange({
      actions: [{ do: 'upload', path: join(folder, 'target'), source: { path, sha256, size: 100 * MIB } }],
      probes: [{ kind: 'digest', path: join(folder, 'target') }],
    });
    clearInterval(watch);

    expect([results, readings]).toEqual([[{ ok: true }], [{ is: 'text', text: sha256 }]]);
    expect((most - before) / MIB).toBeLessThan(60);
    expect(await ask(remote, ['echo', 'on'])).toMatchObject({ stdout: 'on\n' });
    await remote.close();
  });
});
