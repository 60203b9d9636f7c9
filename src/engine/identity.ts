import type { Become } from '../playbook/types.ts';
import type { Position } from '../source/diagnostic.ts';
import type { Scope } from '../template/index.ts';
import type { Identity } from './host.ts';
import { settled, settledText } from './settle.ts';

/** What the command line says of becoming somebody else: the weakest word. */
export interface BecomeFlags {
  readonly become: boolean;
  readonly user?: string;
  readonly method?: string;
}

const NOWHERE: Position = { file: 'inventory', line: 1, column: 1 };
const YES = /^(true|yes|on|1)$/i;

/** As Ansible has it: a host's `ansible_become*` variables count over keywords, keywords over flags. */
export function identityOf(keywords: Become, flags: BecomeFlags, scope: Scope): Identity {
  const variable = (name: string): string | undefined => {
    if (!scope.has(name)) return undefined;
    const value = scope.lookup(name, NOWHERE);
    return value === null || value === '' ? undefined : String(value);
  };
  const said = variable('ansible_become');
  const become = said === undefined ? settled('become', keywords.become ?? flags.become, scope) : YES.test(said);
  if (!become) return { user: undefined, method: undefined };
  return {
    user:
      variable('ansible_become_user') ??
      (keywords.user && settledText('become_user', keywords.user, scope)) ??
      flags.user ??
      'root',
    method:
      variable('ansible_become_method') ??
      (keywords.method && settledText('become_method', keywords.method, scope)) ??
      flags.method ??
      'sudo',
  };
}
