import { statSync } from 'node:fs';
import { type Probes, probeKey, type Remote, Seen, Unreachable } from '../contract/index.ts';
import { makeGate } from '../engine/gate.ts';
import { identityOf } from '../engine/identity.ts';
import { inventoryVariables, limitPatterns, loadInventory, select } from '../inventory/index.ts';
import { mistake, UserError } from '../source/diagnostic.ts';
import { makeScope, type Scope } from '../template/index.ts';
import { connect } from '../transport/connect.ts';
import { targetOf } from '../transport/target.ts';
import { checkConnections, makeDialer } from './dialer.ts';
import { locksmithOf, reading } from './keyring.ts';
import { askSecret } from './prompt.ts';
import { type AskFlags, sourcesOf } from './run-flags.ts';

const ROOT_HINT = 'a folder with `sys` and `proc` in it stands for a host; `--root /` is this machine';

/** What came of asking one host: an answer, or why there is none. */
export type Asked<T> =
  | { readonly host: string; readonly answer: T }
  | {
      readonly host: string;
      readonly error: { readonly code: string; readonly message: string; readonly hint: string | undefined };
    };

/**
 * Ask every host that a pattern names, side by side, for commands that only look. Answers come in the inventory's order.
 * Throws `UserError` before any host is touched where the inventory, the pattern or a connection variable is wrong.
 */
export async function askHosts<T>(
  pattern: string,
  flags: AskFlags,
  ask: (remote: Remote, host: string) => Promise<T>,
): Promise<readonly Asked<T>[]> {
  const inventory = await loadInventory(sourcesOf(flags), {
    cwd: process.cwd(),
    playbookDir: process.cwd(),
    ...reading(await locksmithOf(flags)),
  });
  const limit = limitPatterns(flags.limit.join(','), process.cwd());
  const { hosts, warnings } = select(inventory, pattern, limit);
  for (const message of warnings) process.stderr.write(`warning: ${message}\n`);
  const names = hosts.map(({ name }) => name);
  if (names.length === 0)
    throw new UserError([
      mistake(
        'NoHostsMatched',
        `no host of the inventory matches "${pattern}"`,
        undefined,
        'see `kvmplay inventory --graph`',
      ),
    ]);
  const variablesOf = inventoryVariables(inventory);
  const scopeOf = (name: string): Scope => {
    const { group, host, magic } = variablesOf(name);
    return makeScope([
      { name: 'group', vars: group },
      { name: 'host', vars: host },
      { name: 'magic', vars: new Map([...magic].map(([key, data]) => [key, { data }])) },
    ]);
  };
  const wrong = checkConnections(names, scopeOf);
  if (wrong.length > 0) throw new UserError(wrong);

  const dialer = await makeDialer(flags);
  const gate = makeGate(flags.forks);
  const become = {
    become: flags.become === true,
    ...(flags.becomeUser !== undefined && { user: flags.becomeUser }),
    ...(flags.becomeMethod !== undefined && { method: flags.becomeMethod }),
  };
  const one = async (host: string): Promise<Asked<T>> => {
    let remote: Remote | undefined;
    try {
      const scope = scopeOf(host);
      remote = await dialer.dial(host, identityOf({}, become, scope), scope);
      return { host, answer: await ask(remote, host) };
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      return { host, error: { code: error.code, message: error.message, hint: error.hint } };
    } finally {
      await remote?.close();
    }
  };
  try {
    return await Promise.all(names.map((host) => gate(() => one(host))));
  } finally {
    dialer.close();
  }
}

/** Ask a folder that stands for the root of a host. */
export async function withRoot<T>(root: string, ask: (remote: Remote) => Promise<T>): Promise<T> {
  if (!statSync(root, { throwIfNoEntry: false })?.isDirectory())
    throw new UserError([mistake('NoRoot', `--root ${root}: there is no such directory`, undefined, ROOT_HINT)]);
  const target = targetOf(root, { ansible_connection: 'local', kvmplay_root: root });
  const remote = await connect(target, { askPassword: askSecret });
  try {
    return await ask(remote);
  } finally {
    await remote.close();
  }
}

/** Read these probes in one round trip. */
export async function look(remote: Remote, probes: Probes): Promise<Seen> {
  const asked = new Map(Object.values(probes).map((probe) => [probeKey(probe), probe]));
  const { readings } = await remote.exchange({ actions: [], probes: [...asked.values()] });
  const read = new Map([...asked.keys()].map((key, at) => [key, readings[at]]));
  return new Seen(
    new Map(
      Object.entries(probes).map(([name, probe]) => {
        const reading = read.get(probeKey(probe));
        if (!reading) throw new Error(`no reading of ${probeKey(probe)}`);
        return [name, { probe, reading }];
      }),
    ),
  );
}
