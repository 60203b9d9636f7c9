import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Remote, Unreachable } from '../../src/contract/index.ts';
import { checkFacts } from '../../src/engine/check-facts.ts';
import type { ConfirmOptions } from '../../src/engine/confirm.ts';
import { controlNames } from '../../src/engine/control.ts';
import type { Event, Result } from '../../src/engine/events.ts';
import { makeFactBook } from '../../src/engine/facts.ts';
import { openJournal, readJournal } from '../../src/engine/journal.ts';
import type { Operator } from '../../src/engine/operator.ts';
import { run } from '../../src/engine/run.ts';
import { makeMemory } from '../../src/engine/variables.ts';
import { loadPlaybook } from '../../src/playbook/load-playbook.ts';
import { moduleNames } from '../../src/registry/index.ts';
import { UserError } from '../../src/source/diagnostic.ts';
import { fakeHost } from '../support/fake-host.ts';

interface Options {
  readonly confirm?: ConfirmOptions;
  readonly check?: boolean;
  readonly forceHandlers?: boolean;
  readonly operator?: Operator;
  /** As a function, it is called for each connection. */
  readonly hosts: Readonly<Record<string, Remote | 'down' | (() => Remote)>>;
  /** Hosts that the play is not for, and that something may be delegated to. */
  readonly aside?: Readonly<Record<string, Remote>>;
  readonly pending?: readonly { readonly host: string; readonly handler: string }[];
  readonly vars?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Runs a play's YAML on fake hosts, by way of the real parser, modules and journal. */
export async function play(
  yaml: string,
  { check = false, forceHandlers = false, hosts, vars = {}, operator, ...more }: Options,
) {
  const folder = mkdtempSync(join(tmpdir(), 'kvmplay-run-'));
  const file = join(folder, 'site.yml');
  writeFileSync(file, yaml);
  const { playbook, mistakes } = await loadPlaybook(file, { moduleNames: [...moduleNames(), ...controlNames()] });
  const { used, mistakes: wrong } = checkFacts(playbook.plays, []);
  if (mistakes.length + wrong.length > 0) throw new UserError([...mistakes, ...wrong]);
  const journal = await openJournal(folder, 'r1');
  const [first] = playbook.plays;
  const pending = (more.pending ?? []).map((one) => ({ ...one, playbook: file, play: first?.name ?? '', run: 'r0' }));
  const events: Event[] = [];
  const status = await run({
    runId: 'r1',
    mode: check ? 'check' : 'run',
    version: '0',
    git: null,
    playbooks: [playbook],
    hostsOf: () => Object.keys(hosts),
    memory: makeMemory(),
    facts: makeFactBook(),
    factsUsed: used,
    variablesOf: (host) => ({
      group: new Map(),
      host: new Map(Object.entries(vars[host] ?? {}).map(([name, data]) => [name, { data }])),
      magic: new Map<string, unknown>([['inventory_hostname', host]]),
    }),
    extra: new Map(),
    dial: async (name) => {
      const host = hosts[name] ?? more.aside?.[name];
      if (!host || host === 'down') throw new Unreachable('ConnectionRefused', `${name}: connection refused`);
      return typeof host === 'function' ? host() : host;
    },
    check,
    diff: false,
    maxImpact: 'reboot',
    forceHandlers,
    forks: 10,
    flags: { become: false },
    detailedExitCode: check,
    pending,
    journal,
    emit: (event) => events.push(event),
    ...(operator && { operator }),
    ...(more.confirm && { confirm: more.confirm }),
  });
  await journal.close();
  const results = events.flatMap((event): Result[] => (event.event === 'task_result' ? [event.result] : []));
  const end = events.find((event) => event.event === 'run_end');
  return { status, results, events, end, records: await readJournal(folder, 'r1') };
}

/** A host that is not tuned: swappiness 60, numa_balancing 1. */
export const untuned = (swappiness = '60', options: Parameters<typeof fakeHost>[0] = {}) =>
  fakeHost({
    files: {
      '/proc/sys/vm/swappiness': `${swappiness}\n`,
      '/proc/sys/vm/zone_reclaim_mode': '0\n',
      '/proc/sys/kernel/numa_balancing': '1\n',
      '/etc/sysctl.d/README': '',
    },
    ...options,
  });
