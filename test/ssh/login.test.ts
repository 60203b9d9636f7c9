import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../src/transport/connect.ts';
import { targetOf } from '../../src/transport/target.ts';
import { makeKey, noSshd, type Sshd, startSshd } from '../support/sshd.ts';

const why = noSshd();

describe.skipIf(why)(`logging in to a real sshd${why ? ` (${why})` : ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'kvmplay-ssh-'));
  let sshd: Sshd;
  const key = makeKey(folder, 'ed25519');
  beforeAll(async () => {
    sshd = await startSshd({ authorizedKeys: [key.publicKey] });
    writeFileSync(join(folder, 'known_hosts'), sshd.knownHosts);
  });
  afterAll(async () => {
    await sshd.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('works by key', async () => {
    const target = targetOf('kvm1', {
      ansible_host: '127.0.0.1',
      ansible_port: sshd.port,
      ansible_user: 'root',
      ansible_ssh_private_key_file: key.path,
      ansible_ssh_common_args: `-o UserKnownHostsFile=${join(folder, 'known_hosts')}`,
    });
    const remote = await connect(target, { askPassword: async () => undefined });
    const answer = await remote.exchange({ actions: [], probes: [{ kind: 'command', argv: ['id', '-u'] }] });
    await remote.close();
    expect(answer.readings).toEqual([{ is: 'output', status: 0, stdout: '0\n', stderr: '' }]);
  });
});
