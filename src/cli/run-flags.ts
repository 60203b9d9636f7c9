import type { Impact } from '../contract/index.ts';
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
}
