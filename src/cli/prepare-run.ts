import { type FactBook, makeFactBook } from '../engine/facts.ts';
import { foresee } from '../engine/foresee.ts';
import type { BecomeFlags } from '../engine/identity.ts';
import { type HostVariables, type Memory, makeMemory, scopeFor } from '../engine/variables.ts';
import type { Play, Playbook } from '../playbook/types.ts';
import type { Diagnostic } from '../source/diagnostic.ts';
import { checkConfirm, checkConnections } from './dialer.ts';
import type { Loaded } from './load-run.ts';
import type { RunFlags } from './run-flags.ts';
import { hostVariables } from './variables.ts';

/** What a run knows of hosts before it touches any, and what is wrong with what it would do there. */
export interface Prepared {
  readonly memory: Memory;
  readonly facts: FactBook;
  readonly variables: (host: string, play: Play) => HostVariables;
  readonly mistakes: readonly Diagnostic[];
}

type Flags = Pick<RunFlags, 'check' | 'confirm' | 'become' | 'becomeUser' | 'becomeMethod'>;

export async function prepareRun(loaded: Loaded, playbooks: readonly Playbook[], flags: Flags): Promise<Prepared> {
  const memory = makeMemory();
  const facts = makeFactBook();
  const variables = hostVariables(loaded.inventory, loaded.hostsOf, flags.check === true, (host) => [
    { name: 'register and set_fact', vars: memory.of(host) },
    { name: 'extra', vars: loaded.extra },
    { name: 'facts', vars: new Map([['facts', { data: facts.of(host) }]]) },
  ]);
  const plays = playbooks.flatMap((playbook) => playbook.plays);
  const wrong = plays.flatMap((play) => {
    const scopeOf = (host: string) =>
      scopeFor({ host: variables(host, play), play, memory: new Map(), extra: loaded.extra }, undefined);
    const hosts = loaded.hostsOf(play);
    return [
      ...checkConnections(hosts, scopeOf, play),
      ...(flags.confirm === undefined ? [] : checkConfirm(hosts, scopeOf)),
    ];
  });
  const coming = await foresee({
    plays,
    hostsOf: loaded.hostsOf,
    scopeOf: (host, play, around, later) =>
      scopeFor(
        { host: variables(host, play), play, memory: later, extra: loaded.extra, facts: facts.of(host) },
        around,
      ),
    kindOf: (host, play) => {
      const { host: own, magic } = variables(host, play);
      return JSON.stringify([magic.get('group_names'), [...own.keys()]]);
    },
    flags: becomeFlags(flags),
  });
  return { memory, facts, variables, mistakes: [...wrong, ...coming] };
}

export const becomeFlags = ({ become, becomeUser, becomeMethod }: Flags): BecomeFlags => ({
  become: become === true,
  ...(becomeUser !== undefined && { user: becomeUser }),
  ...(becomeMethod !== undefined && { method: becomeMethod }),
});
