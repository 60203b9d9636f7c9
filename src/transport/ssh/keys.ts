import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import ssh2, { type BaseAgent, type ParsedKey } from 'ssh2';
import { Unreachable } from '../../contract/index.ts';

const { OpenSSHAgent, utils } = ssh2;

/** A key to log in with. What signs may be a file, an agent, or a file whose passphrase is yet to be asked for. */
export interface Identity {
  /** For messages: where it comes from. */
  readonly label: string;
  readonly publicKey: ParsedKey;
  /** Signing will ask for a passphrase. */
  readonly locked?: true;
  sign(data: Buffer, hash?: string): Promise<Buffer>;
}

/** The keys of a run: each file is read, and each passphrase asked for, once for all hosts. */
export interface Keys {
  /** Undefined: there is no such file. @throws Unreachable `PrivateKeyUnusable` */
  fromFile(path: string): Promise<Identity | undefined>;
  /** All that the agent holds, or nothing when it does not answer. */
  fromAgent(socket: string): Promise<readonly Identity[]>;
}

const AGENT_TIMEOUT_MS = 5_000;

type Ask = (prompt: string) => Promise<string | undefined>;

export function openKeys(ask: Ask): Keys {
  const files = new Map<string, Promise<Identity | undefined>>();
  const agents = new Map<string, Promise<readonly Identity[]>>();
  return {
    fromFile: (path) => remember(files, path, () => readIdentity(path, ask)),
    fromAgent: (socket) => remember(agents, socket, () => listAgent(socket)),
  };
}

function remember<T>(known: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const made = known.get(key) ?? make();
  known.set(key, made);
  return made;
}

async function readIdentity(path: string, ask: Ask): Promise<Identity | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
    if (missing) return undefined;
    throw unusable(path, error instanceof Error ? error.message : String(error));
  }
  const label = `key ${path}`;
  if (!isEncrypted(text)) {
    const key = parsePrivateKey(text);
    if (key instanceof Error) throw unusable(path, key.message);
    return { label, publicKey: key, sign: async (data, hash) => key.sign(data, hash) };
  }
  // The server is shown the public half first, so that nobody is asked for a passphrase that opens no door.
  let unlocked: Promise<ParsedKey> | undefined;
  const unlock = (): Promise<ParsedKey> => {
    unlocked ??= unlockKey(path, text, ask);
    return unlocked;
  };
  const publicKey = publicHalf(text) ?? (await publicFile(`${path}.pub`)) ?? (await unlock());
  return { label, publicKey, locked: true, sign: async (data, hash) => (await unlock()).sign(data, hash) };
}

const OPENSSH = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]+)-----END OPENSSH PRIVATE KEY-----/;

function isEncrypted(text: string): boolean {
  const [, body] = OPENSSH.exec(text) ?? [];
  if (body === undefined) return /^Proc-Type: 4,ENCRYPTED|-----BEGIN ENCRYPTED PRIVATE KEY-----/m.test(text);
  const [cipher] = readStrings(Buffer.from(body, 'base64'), 15, 1);
  return cipher !== undefined && cipher.toString() !== 'none';
}

/** The public key that stands in clear before the encrypted part of OpenSSH's own format (PROTOCOL.key). */
function publicHalf(text: string): ParsedKey | undefined {
  const [, body] = OPENSSH.exec(text) ?? [];
  if (body === undefined) return undefined;
  const data = Buffer.from(body, 'base64');
  const header = readStrings(data, 15, 3);
  const past = header.reduce((length, one) => length + 4 + one.length, 15) + 4;
  const [blob] = readStrings(data, past, 1);
  const key = blob && utils.parseKey(blob);
  return key && !(key instanceof Error) ? key : undefined;
}

function readStrings(data: Buffer, from: number, count: number): Buffer[] {
  const strings: Buffer[] = [];
  let at = from;
  for (let index = 0; index < count && at + 4 <= data.length; index++) {
    const end = at + 4 + data.readUInt32BE(at);
    strings.push(data.subarray(at + 4, end));
    at = end;
  }
  return strings;
}

async function publicFile(path: string): Promise<ParsedKey | undefined> {
  const key = utils.parseKey(await readFile(path, 'utf8').catch(() => ''));
  return key instanceof Error ? undefined : key;
}

async function unlockKey(path: string, text: string, ask: Ask): Promise<ParsedKey> {
  for (let attempt = 1; attempt <= 3; attempt++) {
    const again = attempt === 1 ? '' : 'That was not it. ';
    const passphrase = await ask(`${again}Passphrase for key ${path}: `);
    if (passphrase === undefined)
      throw unusable(path, 'it wants a passphrase and there is no terminal to ask for it', 'add it to ssh-agent');
    const key = parsePrivateKey(text, passphrase);
    if (!(key instanceof Error)) return key;
    if (/unsupported/i.test(key.message)) throw unusable(path, key.message);
  }
  throw unusable(path, 'the passphrase was wrong three times');
}

function parsePrivateKey(text: string, passphrase?: string): ParsedKey | Error {
  const pkcs8 = /-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/.test(text);
  const key = pkcs8 ? fromPkcs8(text, passphrase) : utils.parseKey(text, passphrase);
  if (!(key instanceof Error) && !key.isPrivateKey()) return new Error('it is a public key');
  return key;
}

/** PKCS#8, which ssh2 does not read, by way of the older PEM forms that it does. */
function fromPkcs8(text: string, passphrase: string | undefined): ParsedKey | Error {
  try {
    const key = createPrivateKey({ key: text, ...(passphrase !== undefined && { passphrase }) });
    const type = key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1';
    return utils.parseKey(key.export({ type, format: 'pem' }).toString());
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function listAgent(socket: string): Promise<readonly Identity[]> {
  const agent = new OpenSSHAgent(socket);
  return new Promise((resolve) => {
    // One that does not answer is as good as none.
    const timer = setTimeout(() => resolve([]), AGENT_TIMEOUT_MS);
    agent.getIdentities((error, keys) => {
      clearTimeout(timer);
      // Key types that ssh2 does not know, such as those on security keys, it leaves out.
      const known = error || !keys ? [] : keys.filter((key): key is ParsedKey => 'getPublicSSH' in key);
      resolve(known.map((publicKey) => agentIdentity(agent, publicKey)));
    });
  });
}

function agentIdentity(agent: BaseAgent<ParsedKey>, publicKey: ParsedKey): Identity {
  const sign = (data: Buffer, hash?: string) =>
    new Promise<Buffer>((resolve, reject) => {
      agent.sign(publicKey, data, isHash(hash) ? { hash } : {}, (error, signature) =>
        signature ? resolve(signature) : reject(error ?? new Error('the agent did not sign')),
      );
    });
  return { label: `agent key ${publicKey.comment || publicKey.type}`, publicKey, sign };
}

const isHash = (hash: string | undefined): hash is 'sha256' | 'sha512' => hash === 'sha256' || hash === 'sha512';

const unusable = (path: string, why: string, hint?: string): Unreachable =>
  new Unreachable('PrivateKeyUnusable', `cannot use the private key ${path}: ${why}`, hint);
