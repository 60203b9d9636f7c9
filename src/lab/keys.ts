import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ssh2, { type ParsedKey } from 'ssh2';

export interface Key {
  readonly file: string;
  /** In OpenSSH's private key format. */
  readonly pem: string;
  readonly parsed: ParsedKey;
  /** `ssh-ed25519 AAAA…`, as in known_hosts and authorized_keys. */
  readonly line: string;
}

/** The ed25519 key of this name, made the first time it is asked for: a lab that comes back has the keys it had. */
export function keyFor(folder: string, name: string): Key {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, name);
  if (!existsSync(file)) {
    const made = `${file}.new`;
    writeFileSync(made, newKey(`kvmplay-lab-${name}`), { mode: 0o600 });
    renameSync(made, file);
  }
  const pem = readFileSync(file, 'utf8');
  const parsed = ssh2.utils.parseKey(pem);
  if (parsed instanceof Error)
    throw new Error(`${file} is not a key: ${parsed.message}. Remove it to have it made again`);
  return { file, pem, parsed, line: `${parsed.type} ${parsed.getPublicSSH().toString('base64')}` };
}

/**
 * A new ed25519 key in the format of OpenSSH's PROTOCOL.key, unencrypted. Not by ssh2's generator: one in 250 of its
 * keys cannot be read (ssh2 1.17).
 */
function newKey(comment: string): string {
  const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const [seed, point] = [Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')];
  const pub = Buffer.concat([field('ssh-ed25519'), field(point)]);
  const check = randomBytes(4);
  const secret = Buffer.concat([check, check, pub, field(Buffer.concat([seed, point])), field(comment)]);
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7].slice(0, (8 - (secret.length % 8)) % 8));
  const whole = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    ...[field('none'), field('none'), field('')], // cipher, key derivation and its options
    Buffer.from([0, 0, 0, 1]), // one key
    ...[field(pub), field(Buffer.concat([secret, padding]))],
  ]);
  const lines = whole.toString('base64').match(/.{1,70}/g) ?? [];
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n');
}

/** A string on SSH's wire: its length in four bytes, then itself (RFC 4251, section 5). */
function field(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
