import { basename } from 'node:path';
import ssh2, {
  type AnyAuthMethod,
  type AuthHandlerMiddleware,
  type IdentityCallback,
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
} from 'ssh2';
import { Unreachable } from '../../contract/index.ts';
import type { Credentials, Hop } from './hop.ts';
import type { Identity, Keys } from './keys.ts';

/** One way to try to log in. */
interface Attempt {
  readonly label: string;
  readonly method: 'publickey' | 'password' | 'keyboard-interactive';
  readonly auth: AnyAuthMethod;
}

/** What a login tries, one after the other, and what to say when none of it did. */
export interface Authentication {
  /** For ssh2. `exhausted` is called when nothing is left to try. */
  handler(exhausted: () => void): AuthHandlerMiddleware;
  failure(): Unreachable;
}

type Ask = (prompt: string) => Promise<string | undefined>;

/** Finds what there is to try. @throws Unreachable `PrivateKeyUnusable` */
export async function prepare(hop: Hop, keys: Keys, ask: Ask): Promise<Authentication> {
  const { credentials, user } = hop;
  const notes: string[] = [];
  const all = await attempts(hop, keys, ask, (why) => notes.push(why));
  const tried: string[] = [];
  const succeeded = new Set<Attempt>();
  let waiting = all;
  let last: Attempt | undefined;
  let offered: readonly string[] | undefined;

  const handler =
    (exhausted: () => void): AuthHandlerMiddleware =>
    (left, partial, next) => {
      // After a key ssh2 repeats what the server offered before it, and does not say if the key was half of what it wants.
      const stale = last?.method === 'publickey';
      if (!stale && left !== null) offered = left;
      if (!stale && partial && last) {
        succeeded.add(last);
        waiting = all.filter((one) => !succeeded.has(one));
      } else if (last?.method === 'password') {
        waiting = waiting.filter((one) => one.method !== 'keyboard-interactive');
      }

      const attempt = waiting.find((one) => offered === undefined || offered.includes(one.method));
      const guessing =
        offered === undefined && (attempt?.method !== 'publickey' || mayNeedPassword(tried, credentials));
      if (guessing || (!attempt && stale)) {
        last = undefined;
        next({ type: 'none', username: user });
      } else if (attempt) {
        last = attempt;
        waiting = waiting.filter((one) => one !== attempt);
        tried.push(attempt.label);
        next(attempt.auth);
      } else exhausted();
    };
  return {
    handler,
    failure: () => failure(hop, tried, offered, notes),
  };
}

/** With a password at hand a round trip to hear what is wanted is well spent: the server counts wrong guesses. */
const mayNeedPassword = (tried: readonly string[], credentials: Credentials): boolean =>
  tried.length === 0 && credentials.password !== undefined;

async function attempts(hop: Hop, keys: Keys, ask: Ask, note: (why: string) => void): Promise<readonly Attempt[]> {
  const { credentials, user } = hop;
  const list: Attempt[] = [];
  for (const method of credentials.methods) {
    if (method === 'publickey')
      for (const identity of await identities(credentials, keys, note))
        list.push({ label: identity.label, method, auth: publicKeyAuth(user, identity, note) });
    const { password } = credentials;
    if (!password) continue;
    if (method === 'password')
      list.push({ label: 'password', method, auth: { type: 'password', username: user, password: password() } });
    if (method === 'keyboard-interactive')
      list.push({ label: method, method, auth: interactiveAuth(hop, password(), ask) });
  }
  return list;
}

/** Chosen keys, then the usual ones that the agent holds, the agent's others, the usual ones in files. */
async function identities(
  credentials: Credentials,
  keys: Keys,
  note: (why: string) => void,
): Promise<readonly Identity[]> {
  const held = credentials.agent === undefined ? [] : await keys.fromAgent(credentials.agent);
  const inAgent = (identity: Identity) => held.find((one) => sameKey(one.publicKey, identity.publicKey));
  const chosen: Identity[] = [];
  for (const path of credentials.chosen) {
    const identity = await keys.fromFile(path);
    if (!identity) throw new Unreachable('PrivateKeyUnusable', `the private key ${path} does not exist`);
    chosen.push(identity.locked ? (inAgent(identity) ?? identity) : identity);
  }
  const usual: Identity[] = [];
  for (const path of credentials.usual) {
    const identity = await keys.fromFile(path).catch((error: Error) => note(error.message));
    if (identity) usual.push(identity);
  }
  const usualHeld = usual.map(inAgent).filter((identity) => identity !== undefined);
  const others = credentials.onlyThose ? [] : held;
  const order = [...chosen, ...usualHeld, ...others, ...usual];
  return order.filter((one, at) => order.findIndex((other) => sameKey(other.publicKey, one.publicKey)) === at);
}

const sameKey = (a: ParsedKey, b: ParsedKey): boolean => a.getPublicSSH().equals(b.getPublicSSH());

function publicKeyAuth(username: string, identity: Identity, note: (why: string) => void): AnyAuthMethod {
  return { type: 'agent', username, agent: new OneKeyAgent(identity, note) };
}

/** Lets ssh2 show one public key, and sign with it only when the server has said that it would take it. */
class OneKeyAgent extends ssh2.BaseAgent<ParsedKey> {
  readonly #identity: Identity;
  readonly #note: (why: string) => void;

  constructor(identity: Identity, note: (why: string) => void) {
    super();
    this.#identity = identity;
    this.#note = note;
  }

  override getIdentities(done: IdentityCallback<ParsedKey>): void {
    done(null, [this.#identity.publicKey]);
  }

  override sign(
    _key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    done?: SignCallback,
  ): void {
    const callback = typeof options === 'function' ? options : done;
    const hash = typeof options === 'function' ? undefined : options.hash;
    this.#identity.sign(data, hash).then(
      (signature) => callback?.(null, signature),
      (error: Error) => {
        this.#note(error.message);
        callback?.(error);
      },
    );
  }
}

/** The known password answers the first hidden question, if it is no second factor; a person is asked the others. */
function interactiveAuth(hop: Hop, password: string, ask: Ask): AnyAuthMethod {
  let given = false;
  return {
    type: 'keyboard-interactive',
    username: hop.user,
    prompt: (_name, instructions, _language, prompts, finish) => {
      const answer = async (): Promise<string[]> => {
        const answers: string[] = [];
        for (const { prompt, echo } of prompts) {
          const known = !given && !echo && !/code|token|otp|verif|\bpin\b/i.test(prompt);
          given ||= known;
          const question = `${hop.label}: ${[instructions, prompt].filter(Boolean).join(' ')}`;
          answers.push(known ? password : ((await ask(question)) ?? ''));
        }
        return answers;
      };
      answer().then(finish, () => finish(prompts.map(() => '')));
    },
  };
}

function failure(
  hop: Hop,
  tried: readonly string[],
  offered: readonly string[] | undefined,
  notes: readonly string[],
): Unreachable {
  const { credentials } = hop;
  const wantsPassword = offered?.some((method) => method !== 'publickey') && !credentials.password;
  const files = [...credentials.chosen, ...credentials.usual].map((file) => basename(file)).join(', ');
  const attempted = tried.length > 0 ? `tried ${tried.join(', ')}` : `no key was found (${files}) and no agent has one`;
  const offers = offered ? `; the server offers ${offered.join(', ')}` : '';
  const more = notes.length > 0 ? ` (${notes.join('; ')})` : '';
  return new Unreachable(
    'AuthFailed',
    `${hop.label}: ${hop.user}@${hop.host} did not let us in: ${attempted}${offers}${more}`,
    wantsPassword ? 'give a password with -k or ansible_password, or a key with --private-key' : undefined,
  );
}
