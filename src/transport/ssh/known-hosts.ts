import { createHmac } from 'node:crypto';
import { matchesList } from './patterns.ts';

/** One line of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export interface KnownHost {
  readonly file: string;
  readonly line: number;
  readonly marker?: 'revoked' | 'cert-authority';
  /** Patterns in lower case, or one hashed name. */
  readonly hosts: readonly string[];
  /** As the key itself says: `ssh-ed25519`. */
  readonly type: string;
  /** In base64. */
  readonly key: string;
}

/** What known_hosts says of the key that a server shows. */
export type Verdict =
  | { readonly is: 'known' }
  | { readonly is: 'revoked'; readonly by: KnownHost }
  /** Another key of the same type is known. */
  | { readonly is: 'changed'; readonly from: KnownHost }
  /** Keys of other types alone are known: the server should be asked for one of those. */
  | { readonly is: 'other-type'; readonly known: readonly [KnownHost, ...KnownHost[]] }
  /** A certificate authority alone is known, and what it signs cannot be checked here. */
  | { readonly is: 'authority'; readonly by: KnownHost }
  | { readonly is: 'unknown' };

/** Reads a known_hosts file. Lines that are not well formed are passed over, as ssh does. */
export function parseKnownHosts(text: string, file: string): readonly KnownHost[] {
  const entries: KnownHost[] = [];
  text.split('\n').forEach((raw, index) => {
    const words = raw.trim().split(/[ \t]+/);
    const marker = words[0]?.startsWith('@') ? words.shift()?.slice(1) : undefined;
    if (marker !== undefined && marker !== 'revoked' && marker !== 'cert-authority') return;
    const [hosts = '', , key = ''] = words;
    const type = hosts.startsWith('#') ? undefined : keyType(Buffer.from(key, 'base64'));
    if (type !== undefined && type === words[1])
      entries.push({
        file,
        line: index + 1,
        hosts: hosts.startsWith('|') ? [hosts] : hosts.toLowerCase().split(','),
        type,
        key: normal(key),
        ...(marker && { marker }),
      });
  });
  return entries;
}

const normal = (base64: string): string => Buffer.from(base64, 'base64').toString('base64');

/** The type that stands at the head of a public key in SSH's wire format. */
export function keyType(blob: Buffer): string | undefined {
  if (blob.length < 4) return undefined;
  const length = blob.readUInt32BE(0);
  return length > 0 && length <= 64 && blob.length > 4 + length ? blob.toString('latin1', 4, 4 + length) : undefined;
}

/** Whether a line is about this host. `name` is in lower case, with `[…]:port` around it where that is not 22. */
export function isAbout(entry: KnownHost, name: string): boolean {
  if (!isHashed(entry)) return matchesList(name, entry.hosts);
  const [, version, salt = '', digest] = entry.hosts[0]?.split('|') ?? [];
  return version === '1' && hashName(name, salt) === digest;
}

const isHashed = (entry: KnownHost): boolean => entry.hosts[0]?.startsWith('|') === true;

const hashName = (name: string, salt: string): string =>
  createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64');

/** A host's name as HashKnownHosts has it. `salt` is 20 random bytes. */
export const hashedHosts = (name: string, salt: Buffer): string =>
  `|1|${salt.toString('base64')}|${hashName(name, salt.toString('base64'))}`;

/**
 * Judges a server's key. The first name is the host's own; what is known of others counts only when it fits, and where a
 * key is revoked.
 */
export function judge(entries: readonly KnownHost[], names: readonly string[], blob: Buffer): Verdict {
  const key = blob.toString('base64');
  // Lines with this very key first: a hashed name costs a digest, and in a long file nearly all lines have another key.
  const fitting = entries.filter((entry) => entry.key === key && names.some((name) => isAbout(entry, name)));
  const revoked = fitting.find((entry) => entry.marker === 'revoked');
  if (revoked) return { is: 'revoked', by: revoked };
  if (fitting.some((entry) => entry.marker === undefined)) return { is: 'known' };

  const own = entries.filter((entry) => entry.marker !== 'revoked' && isAbout(entry, names[0] ?? ''));
  const plain = own.filter((entry) => entry.marker === undefined);
  const type = keyType(blob);
  const changed = plain.find((entry) => entry.type === type);
  if (changed) return { is: 'changed', from: changed };
  const [other, ...others] = plain;
  if (other) return { is: 'other-type', known: [other, ...others] };
  const [authority] = own;
  return authority ? { is: 'authority', by: authority } : { is: 'unknown' };
}

/** The key types known for a host by lines that name it in clear: what to ask the server for first. */
export const typesInClear = (entries: readonly KnownHost[], names: readonly string[]): readonly string[] =>
  entries
    .filter((entry) => entry.marker === undefined && !isHashed(entry))
    .filter((entry) => names.some((name) => isAbout(entry, name)))
    .map((entry) => entry.type);
