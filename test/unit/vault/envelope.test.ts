import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openEnvelope, readEnvelope, writeEnvelope } from '../../../src/vault/envelope.ts';
import { tool } from '../../support/tool.ts';

const PASSWORD = Buffer.from('pässword with spaces');
const ansibleVault = tool('ansible-vault', 'ansible-core');

const PLAIN: readonly (readonly [string, Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['a block to the byte', Buffer.from('0123456789abcdef')],
  ['text with newlines', Buffer.from('user: ä\npassword: "{{ x }}"\n')],
  ['any bytes', randomBytes(4097)],
];

describe.skipIf(!ansibleVault)('beside the real ansible-vault', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vault-'));
  writeFileSync(join(folder, 'pw'), PASSWORD);
  const ansible = (input: Buffer | string, ...args: string[]): Buffer => {
    const done = spawnSync(ansibleVault ?? '', args, { input, cwd: folder });
    if (done.status !== 0) throw new Error(String(done.stderr));
    return done.stdout;
  };

  it.each(PLAIN.slice(1))('reads what it writes: %s', async (_, plain) => {
    const text = ansible(plain, 'encrypt', '--vault-id', 'prod@pw', '--output', '-').toString();

    const envelope = readEnvelope(text);

    expect(envelope.label).toBe('prod');
    expect((await openEnvelope(envelope, PASSWORD))?.equals(plain)).toBe(true);
  });

  it.each(PLAIN)('writes what it reads: %s', async (_, plain) => {
    const texts = [await writeEnvelope(plain, PASSWORD), await writeEnvelope(plain, PASSWORD, 'prod')];

    const read = texts.map((text) => ansible(text, 'decrypt', '--vault-password-file', 'pw', '--output', '-'));

    expect(read.map((one) => one.equals(plain))).toEqual([true, true]);
    expect(texts.map((text) => text.split('\n')[0])).toEqual([
      '$ANSIBLE_VAULT;1.1;AES256',
      '$ANSIBLE_VAULT;1.2;AES256;prod',
    ]);
  });
});

describe('a vault', () => {
  it('is not opened by another password, nor with a bit turned', async () => {
    const envelope = readEnvelope(await writeEnvelope(Buffer.from('secret'), PASSWORD));
    const turned = Buffer.from(envelope.cipher);
    turned[0] = (turned[0] ?? 0) ^ 1;

    expect(await openEnvelope(envelope, Buffer.from('other'))).toBeUndefined();
    expect(await openEnvelope({ ...envelope, cipher: turned }, PASSWORD)).toBeUndefined();
  });

  it.each([
    ['$ANSIBLE_VAULT;1.0;AES\n6162\n', 'version 1.0'],
    ['$ANSIBLE_VAULT;1.1;AES128\n6162\n', 'cipher AES128'],
    ['$ANSIBLE_VAULT;1.1;AES256\n616\n', 'last digit'],
    ['$ANSIBLE_VAULT;1.1;AES256\nxyz1\n', 'hexadecimal'],
    ['$ANSIBLE_VAULT;1.1;AES256\n6162\n', 'salt, checksum and text'],
    ['abc', 'does not begin'],
  ])('that is damaged is told of: %j', (text, why) => {
    expect(() => readEnvelope(text)).toThrow(why);
  });
});
