import type { Impact } from '../contract/index.ts';
import { mistake, UserError } from '../source/diagnostic.ts';
import { holdsSecret } from '../source/secrets.ts';
import type { VaultFlags } from './vault-flags.ts';

/** How hosts are reached, and as whom. */
export interface ConnectionFlags extends VaultFlags {
  readonly user?: string;
  readonly askBecomePass?: boolean;
  readonly askPass?: boolean;
  readonly privateKey?: string;
  readonly timeout?: number;
  readonly connection?: string;
  readonly acceptNewHostKeys?: boolean;
}

/** How commands that only look at hosts are told which, and how to reach them. */
export interface AskFlags extends ConnectionFlags {
  readonly inventory: readonly string[];
  readonly limit: readonly string[];
  readonly forks: number;
  readonly become?: boolean;
  readonly becomeUser?: string;
  readonly becomeMethod?: string;
}

/** `-i`, or what KVMPLAY_INVENTORY or ANSIBLE_INVENTORY says. */
export function sourcesOf(flags: Pick<AskFlags, 'inventory'>): readonly string[] {
  if (flags.inventory.length > 0) return flags.inventory;
  return (process.env.KVMPLAY_INVENTORY ?? process.env.ANSIBLE_INVENTORY ?? '').split(',').filter(Boolean);
}

/** All flags of `run` and `audit`, as commander gives them. Names and meanings are Ansible's where Ansible has one. */
export interface RunFlags extends AskFlags {
  readonly tags: readonly string[];
  readonly skipTags: readonly string[];
  readonly check?: boolean;
  readonly diff?: boolean;
  readonly extraVars: readonly string[];
  readonly verbose: number;
  readonly listHosts?: boolean;
  readonly listTasks?: boolean;
  readonly listTags?: boolean;
  readonly syntaxCheck?: boolean;
  readonly startAtTask?: string;
  readonly step?: boolean;
  readonly forceHandlers?: boolean;
  readonly output: 'human' | 'json' | 'jsonl' | 'quiet';
  readonly report: readonly string[];
  readonly maxImpact: Impact;
  readonly detailedExitcode?: boolean;
  /** Seconds. */
  readonly confirm?: number;
  readonly confirmFrom: Impact;
  /** Of the hosts that all else leaves, only these: what an earlier run or plan says. */
  readonly only?: ReadonlySet<string>;
}

/** What decides which tasks are done where and how hosts are reached; passwords are asked for again. */
const REMEMBERED = [
  'inventory',
  'limit',
  'tags',
  'skipTags',
  'extraVars',
  'startAtTask',
  'forceHandlers',
  'become',
  'becomeUser',
  'becomeMethod',
  'user',
  'privateKey',
  'timeout',
  'connection',
  'vaultId',
  'vaultPasswordFile',
  'ageIdentity',
] as const satisfies readonly (keyof RunFlags)[];

/** Flags as they are written down, to be given again later. `secretVars`: a secret was among the `-e`, which are left out. */
export interface RememberedFlags extends Partial<Pick<RunFlags, (typeof REMEMBERED)[number]>> {
  readonly secretVars?: true;
}

export function remember(flags: RunFlags): RememberedFlags {
  const given = REMEMBERED.flatMap((name) => {
    const value = flags[name];
    return value === undefined || (Array.isArray(value) && value.length === 0) ? [] : [[name, value]];
  });
  const secret = holdsSecret(flags.extraVars) && { extraVars: [], secretVars: true as const };
  return { ...Object.fromEntries(given), inventory: sourcesOf(flags), ...secret };
}

/** Flags given now over those of then; `-e` is added to them. Throws `UserError` where a secret has to be given again. */
export function recall({ secretVars, ...then }: RememberedFlags, now: FlagsNow, of: string): RunFlags {
  if (secretVars && now.extraVars.length === 0) {
    const message = `${of} was made with -e and a secret in it, which is not kept`;
    throw new UserError([mistake('SecretVariables', message, undefined, 'give -e again')]);
  }
  const said = Object.entries(now).filter(([, value]) => !(Array.isArray(value) && value.length === 0));
  const extraVars = [...(then.extraVars ?? []), ...now.extraVars];
  return { ...now, tags: [], skipTags: [], ...then, ...Object.fromEntries(said), extraVars };
}

/** What an earlier choice of tasks leaves to be said. */
export type FlagsNow = Omit<RunFlags, 'tags' | 'skipTags'>;
