import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Unreachable } from '../../contract/index.ts';
import type { Hop } from './hop.ts';
import { hashedHosts, judge, type KnownHost, keyType, parseKnownHosts, typesInClear } from './known-hosts.ts';
import { limit } from './limit.ts';

/** The known_hosts files of a run: each is read once, and what is accepted is added to them. */
export interface HostKeys {
  /** Key types that are known for this server, to be asked for before others. */
  knownTypes(hop: Hop): Promise<readonly string[]>;
  /** Undefined when the server's key is the right one; else why it is refused. */
  check(hop: Hop, blob: Buffer): Promise<Refused | undefined>;
}

export interface Refused {
  readonly error: Unreachable;
  /** The server may well have one of these keys too. */
  readonly askFor?: readonly string[];
}

export function openHostKeys(notice: (message: string) => void): HostKeys {
  const files = new Map<string, Promise<readonly KnownHost[]>>();
  const oneAtATime = limit(1);

  const load = (file: string): Promise<readonly KnownHost[]> => {
    const loaded = files.get(file) ?? readKnownHosts(file);
    files.set(file, loaded);
    return loaded;
  };
  const entriesFor = async ({ hostKeys }: Hop): Promise<readonly KnownHost[]> =>
    (await Promise.all([...hostKeys.userFiles, ...hostKeys.globalFiles].map(load))).flat();

  const accept = async (hop: Hop, blob: Buffer): Promise<Refused | undefined> => {
    // Another connection may have been here first.
    const verdict = judge(await entriesFor(hop), hop.hostKeys.names, blob);
    if (verdict.is === 'known') return undefined;
    if (verdict.is !== 'unknown') return refusal(hop, blob, verdict);
    const [file] = hop.hostKeys.userFiles;
    const [name = hop.host] = hop.hostKeys.names;
    const type = keyType(blob) ?? '';
    if (file !== undefined) {
      const hosts = hop.hostKeys.hash ? hashedHosts(name, randomBytes(20)) : name;
      const line = `${hosts} ${type} ${blob.toString('base64')}\n`;
      try {
        await append(file, line);
      } catch (error) {
        return { error: unknownKey(hop, blob, `and cannot be noted in ${file}: ${messageOf(error)}`) };
      }
      files.set(file, Promise.resolve([...(await load(file)), ...parseKnownHosts(line, file)]));
    }
    notice(`${hop.label}: accepted the new host key ${describeKey(blob)} of ${name}`);
    return undefined;
  };

  return {
    knownTypes: async (hop) => typesInClear(await entriesFor(hop), hop.hostKeys.names),
    check: async (hop, blob) => {
      const verdict = judge(await entriesFor(hop), hop.hostKeys.names, blob);
      if (verdict.is === 'known') return undefined;
      if (verdict.is === 'unknown' && hop.hostKeys.acceptNew) return oneAtATime(() => accept(hop, blob));
      return refusal(hop, blob, verdict);
    },
  };
}

function refusal(hop: Hop, blob: Buffer, verdict: Exclude<ReturnType<typeof judge>, { is: 'known' }>): Refused {
  const shown = describeKey(blob);
  const [name = hop.host] = hop.hostKeys.names;
  const at = (entry: KnownHost) => `${entry.file}:${entry.line}`;
  const forget = (entry: KnownHost) =>
    `if the host was set up anew and this is its fingerprint, forget the old key: ssh-keygen -f ${entry.file} -R '${name}'`;
  switch (verdict.is) {
    case 'unknown':
      return { error: unknownKey(hop, blob) };
    case 'authority':
      return {
        error: unknownKey(
          hop,
          blob,
          `by itself; a certificate authority is (${at(verdict.by)}), and kvmplay cannot check host certificates`,
        ),
      };
    case 'revoked':
      return {
        error: new Unreachable(
          'HostKeyRevoked',
          `${hop.label}: the host key ${shown} of ${name} is revoked by ${at(verdict.by)}`,
          'give the host a new key; whoever has the old one can pass for it',
        ),
      };
    case 'changed':
      return {
        error: new Unreachable(
          'HostKeyChanged',
          `${hop.label}: the host key of ${name} has changed: it shows ${shown}, ${at(verdict.from)} has ` +
            `${fingerprint(verdict.from.key)}. Somebody may be passing for it`,
          forget(verdict.from),
        ),
      };
    case 'other-type': {
      const [known] = verdict.known;
      return {
        error: new Unreachable(
          'HostKeyChanged',
          `${hop.label}: the host key of ${name} is of another type than those known: it shows ${shown}, ` +
            `${at(known)} has ${known.type}`,
          forget(known),
        ),
        askFor: verdict.known.map((entry) => entry.type),
      };
    }
  }
}

function unknownKey(hop: Hop, blob: Buffer, more = ''): Unreachable {
  const [name = hop.host] = hop.hostKeys.names;
  const file = hop.hostKeys.userFiles[0] ?? '~/.ssh/known_hosts';
  const type = (keyType(blob) ?? '').replace(/^ssh-|-sha2-.*$/g, '');
  const scan = `ssh-keyscan${hop.port === 22 ? '' : ` -p ${hop.port}`} -t ${type} ${hop.host} >> ${file}`;
  const add = hop.jumps.length > 0 ? 'log in once with ssh' : scan;
  return new Unreachable(
    'HostKeyUnknown',
    `${hop.label}: the host key ${describeKey(blob)} of ${name} is not known${more === '' ? '' : ` ${more}`}`,
    `if that is the host's own fingerprint, add it: ${add}; or accept every new key with --accept-new-host-keys`,
  );
}

const fingerprint = (base64: string): string =>
  `SHA256:${createHash('sha256').update(Buffer.from(base64, 'base64')).digest('base64').replace(/=+$/, '')}`;

const describeKey = (blob: Buffer): string => `${keyType(blob)} ${fingerprint(blob.toString('base64'))}`;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function readKnownHosts(file: string): Promise<readonly KnownHost[]> {
  try {
    return parseKnownHosts(await readFile(file, 'utf8'), file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return [];
    throw new Unreachable('HostKeyUnknown', `cannot read known host keys: ${messageOf(error)}`);
  }
}

/** One write at the end of the file, so that other processes that do the same lose nothing. */
async function append(file: string, line: string): Promise<void> {
  await mkdir(dirname(file), { mode: 0o700 }).catch(() => undefined);
  const handle = await open(file, 'a+', 0o600);
  try {
    const { size } = await handle.stat();
    const last = Buffer.alloc(1);
    if (size > 0) await handle.read(last, 0, 1, size - 1);
    await handle.write(size > 0 && last.toString() !== '\n' ? `\n${line}` : line);
  } finally {
    await handle.close();
  }
}
