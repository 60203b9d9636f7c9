import type { Become } from '../playbook/types.ts';
import type { Position } from '../source/diagnostic.ts';
import { renderScalar, type Scope } from '../template/index.ts';
import type { Identity } from './host.ts';

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
  const become = said === undefined ? (keywords.become ?? flags.become) : YES.test(said);
  if (!become) return { user: undefined, method: undefined };
  const keyword = (text: Become['user']) => (text ? String(renderScalar(text, scope)) : undefined);
  return {
    user: variable('ansible_become_user') ?? keyword(keywords.user) ?? flags.user ?? 'root',
    method: variable('ansible_become_method') ?? keyword(keywords.method) ?? flags.method ?? 'sudo',
  };
}
