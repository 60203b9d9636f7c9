import type { Impact } from '../contract/index.ts';

/** How hosts are reached, and as whom. */
export interface ConnectionFlags {
  readonly user?: string;
  readonly askBecomePass?: boolean;
  readonly askPass?: boolean;
  readonly privateKey?: string;
  readonly timeout?: number;
  readonly connection?: string;
  readonly acceptNewHostKeys?: boolean;
}

/** All flags of `run` and `audit`, as commander gives them. Names and meanings are Ansible's where Ansible has one. */
export interface RunFlags extends ConnectionFlags {
  readonly inventory: readonly string[];
  readonly limit: readonly string[];
  readonly tags: readonly string[];
  readonly skipTags: readonly string[];
  readonly check?: boolean;
  readonly diff?: boolean;
  readonly forks: number;
  readonly extraVars: readonly string[];
  readonly become?: boolean;
  readonly becomeUser?: string;
  readonly becomeMethod?: string;
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
}
