import { createCipheriv, createDecipheriv, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/**
 * Ansible Vault 1.1 and 1.2, as ansible-core's lib/ansible/parsing/vault writes them: AES-256-CTR, then HMAC-SHA-256, keys
 * and counter out of PBKDF2 with 10,000 rounds of SHA-256; hexadecimal twice, in lines of 80.
 */
const ROUNDS = 10_000;
const KEY_LENGTH = 32;
const COUNTER_LENGTH = 16;
const LINE = 80;

export interface Envelope {
  /** The vault id that it was written with; `default` in version 1.1. */
  readonly label: string;
  readonly salt: Buffer;
  readonly hmac: Buffer;
  readonly cipher: Buffer;
}

/** Throws `RangeError` with what is wrong with the text. */
export function readEnvelope(text: string): Envelope {
  const [header = '', ...rest] = text.trim().split('\n');
  const [magic, version, cipherName, label] = header.trim().split(';');
  if (magic !== '$ANSIBLE_VAULT') throw new RangeError('it does not begin with $ANSIBLE_VAULT;');
  if (version !== '1.1' && version !== '1.2') throw new RangeError(`version ${version} of Ansible Vault is not known`);
  if (cipherName !== 'AES256') throw new RangeError(`the cipher ${cipherName} is not known, only AES256 is`);
  const inner = unhex(rest.map((line) => line.trim()).join('')).toString('latin1');
  const [salt, hmac, cipher, ...more] = inner.split('\n');
  if (salt === undefined || hmac === undefined || cipher === undefined || more.length > 0)
    throw new RangeError('it does not consist of salt, checksum and text');
  return { label: label || 'default', salt: unhex(salt), hmac: unhex(hmac), cipher: unhex(cipher) };
}

function unhex(text: string): Buffer {
  if (text.length % 2 !== 0) throw new RangeError('its last digit is missing');
  if (!/^[0-9a-fA-F]*$/.test(text)) throw new RangeError('it holds something else than hexadecimal digits');
  return Buffer.from(text, 'hex');
}

/** Undefined where the password is another one, or a bit was turned: the two cannot be told apart. */
export async function openEnvelope({ salt, hmac, cipher }: Envelope, password: Buffer): Promise<Buffer | undefined> {
  const keys = await keysOf(password, salt);
  const own = createHmac('sha256', keys.hmac).update(cipher).digest();
  if (own.length !== hmac.length || !timingSafeEqual(own, hmac)) return undefined;
  const decipher = createDecipheriv('aes-256-ctr', keys.cipher, keys.counter);
  const padded = Buffer.concat([decipher.update(cipher), decipher.final()]);
  return padded.subarray(0, padded.length - (padded.at(-1) ?? 0));
}

/** The text of a vault, with a line end behind it. Version 1.2 where it is to carry a vault id of its own. */
export async function writeEnvelope(plain: Buffer, password: Buffer, label = 'default'): Promise<string> {
  const salt = randomBytes(32);
  const keys = await keysOf(password, salt);
  const padding = 16 - (plain.length % 16);
  const cipher = createCipheriv('aes-256-ctr', keys.cipher, keys.counter);
  const text = Buffer.concat([cipher.update(plain), cipher.update(Buffer.alloc(padding, padding)), cipher.final()]);
  const hmac = createHmac('sha256', keys.hmac).update(text).digest();
  const inner = [salt, hmac, text].map((part) => part.toString('hex')).join('\n');
  const body = Buffer.from(inner).toString('hex');
  const lines = body.match(new RegExp(`.{1,${LINE}}`, 'g')) ?? [];
  const header = label === 'default' ? '$ANSIBLE_VAULT;1.1;AES256' : `$ANSIBLE_VAULT;1.2;AES256;${label}`;
  return `${[header, ...lines].join('\n')}\n`;
}

interface Keys {
  readonly cipher: Buffer;
  readonly hmac: Buffer;
  readonly counter: Buffer;
}

const derive = promisify(pbkdf2);

async function keysOf(password: Buffer, salt: Buffer): Promise<Keys> {
  const length = 2 * KEY_LENGTH + COUNTER_LENGTH;
  const all = await derive(password, salt, ROUNDS, length, 'sha256');
  return {
    cipher: all.subarray(0, KEY_LENGTH),
    hmac: all.subarray(KEY_LENGTH, 2 * KEY_LENGTH),
    counter: all.subarray(2 * KEY_LENGTH),
  };
}
