import { type Diagnostic, mistake, UserError } from '../source/diagnostic.ts';
import { limitPatterns } from './limit.ts';
import { LOCALHOST } from './localhost.ts';
import { select } from './patterns.ts';
import type { Inventory } from './types.ts';

// To list hosts, Ansible takes these for patterns that match nothing, unless there is a limit.
const FORGIVEN: readonly string[] = ['SliceOutOfRange', 'BadPattern'];

/**
 * The names that `ansible PATTERN --list-hosts` prints, one after the other. Throws `UserError`, and `NoHostsMatched`
 * where a limit leaves nobody of an inventory that has hosts.
 */
export function hostsMatching(
  inventory: Inventory,
  pattern: string,
  options: { readonly limit?: string; readonly cwd: string },
): { names: string[]; warnings: Diagnostic[] } {
  const { limit = '', cwd } = options;
  const nobody = (why: string) => ({ names: [], warnings: [mistake('NoHostsMatched', why)] });
  try {
    const { hosts, warnings } = select(inventory, pattern, limitPatterns(limit, cwd));
    const named = hosts.map((host) => host.name);
    // This machine can always be asked for by name, whatever the limit.
    const names = named.length === 0 && LOCALHOST.includes(pattern) ? [pattern] : named;
    if (names.length === 0 && limit !== '' && inventory.hosts.size > 0) {
      const message = `the pattern "${pattern}" and the limit "${limit}" leave no host`;
      throw new UserError([mistake('NoHostsMatched', message)]);
    }
    const told = warnings.map((message) => mistake('HostPattern', message));
    return names.length > 0 || told.length > 0 ? { names, warnings: told } : nobody(`"${pattern}" matches no host`);
  } catch (error) {
    const forgiven = error instanceof UserError && error.diagnostics.every(({ code }) => FORGIVEN.includes(code));
    if (!forgiven || limit !== '') throw error;
    return nobody(error.message);
  }
}
