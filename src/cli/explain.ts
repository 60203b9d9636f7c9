import { type Explained, explain, type Origin } from '../engine/explain.ts';
import { inventoryVariables } from '../inventory/index.ts';
import type { Play } from '../playbook/types.ts';
import { mistake, UserError } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import { hideIn, hideSecrets } from '../source/secrets.ts';
import { showAt } from '../source/show-at.ts';
import { EXIT } from './exit.ts';
import { loadRun } from './load-run.ts';
import { hostVariables } from './variables.ts';
import type { VaultFlags } from './vault-flags.ts';

export interface ExplainFlags extends VaultFlags {
  readonly inventory: readonly string[];
  readonly playbook: readonly string[];
  readonly extraVars: readonly string[];
  readonly format: 'text' | 'json';
}

export async function explainCommand(
  host: string,
  variable: string | undefined,
  { inventory, playbook, extraVars, format, ...vault }: ExplainFlags,
): Promise<number> {
  const loaded = await loadRun(playbook, { ...vault, inventory, extraVars, limit: [] });
  if (!loaded.inventory.hosts.has(host)) {
    const hint = didYouMean(host, [...loaded.inventory.hosts.keys()]) ?? 'see `kvmplay inventory --graph`';
    throw new UserError([mistake('UnknownHost', `the inventory has no host "${host}"`, undefined, hint)]);
  }
  const plays = loaded.playbooks.flatMap((one) => one.plays).filter((play) => loaded.hostsOf(play).includes(host));
  if (playbook.length > 0 && plays.length === 0)
    throw new UserError([mistake('NoHostsMatched', `no play of ${playbook.join(', ')} works on ${host}`)]);
  const variablesOf = hostVariables(loaded.inventory, loaded.hostsOf, false, () => [
    { name: 'extra', vars: loaded.extra },
  ]);
  const inventoryOf = inventoryVariables(loaded.inventory);
  const magicOf = (play: Play | undefined) => (play ? variablesOf(host, play) : inventoryOf(host)).magic;
  const job = { ...loaded, host, plays, magicOf };
  const found = explain(job, variable);
  if (found.length === 0 && variable !== undefined) {
    const names = explain(job, undefined).map(({ name }) => name);
    const hint = didYouMean(variable, names) ?? `see \`kvmplay explain ${host}\``;
    throw new UserError([
      mistake('UndefinedVariable', `nothing gives ${host} a variable "${variable}"`, undefined, hint),
    ]);
  }
  const told = found.map(censored);
  const text =
    format === 'json'
      ? `${JSON.stringify(told.map(plain), null, 2)}\n`
      : told.map(variable === undefined ? line : block).join('');
  process.stdout.write(hideSecrets(text));
  return EXIT.ok;
}

/** A value that is made of secrets shows the rest. */
const censored = (one: Explained): Explained => ({
  ...one,
  ...('value' in one && { value: hideIn(one.value) }),
  ...(one.error !== undefined && { error: hideSecrets(one.error) }),
  origins: one.origins.map((origin) => ({
    ...origin,
    ...('written' in origin && { written: hideIn(origin.written) }),
  })),
});

const shown = ({ value, error, secret }: Explained): string =>
  secret ? '(secret)' : error === undefined ? JSON.stringify(value) : `(cannot be told: ${error})`;

const place = ({ at }: Origin): string => (!at ? 'known to kvmplay' : at.file.startsWith('-e ') ? at.file : showAt(at));

/** `swappiness = 10    host kvm1, host_vars/kvm1.yml:1:13` */
function line(one: Explained): string {
  const [first, ...others] = one.origins;
  const over = others.length > 0 ? `, overrides ${others.length}` : '';
  return first
    ? `${`${one.name} = ${shown(one)}`.padEnd(40)}  ${first.level}, ${place(first)}${over}${within(one)}\n`
    : '';
}

/** The value, where it is written, and each place that it overrides. */
function block(one: Explained): string {
  const width = Math.max(...one.origins.map(({ level }) => level.length));
  const far = Math.max(...one.origins.map((origin) => place(origin).length));
  const rows = one.origins.map((origin) => {
    const { level, written } = origin;
    const said = written === undefined ? (origin.at ? '(secret)' : '') : JSON.stringify(written);
    return `    ${level.padEnd(width)}  ${place(origin).padEnd(far)}  ${said}`.trimEnd();
  });
  const [first = '', ...others] = rows;
  const over = others.length > 0 ? ['  overrides', ...others] : [];
  return `${[`${one.name} = ${shown(one)}${within(one)}`, first, ...over].join('\n')}\n`;
}

/** For whom it is so. */
function within({ play, tasks }: Explained): string {
  if (!play) return '';
  const [task, ...others] = tasks;
  const more = others.length > 0 ? ` and ${others.length} more` : '';
  const where = task ? `, task "${task.name.value}" (${showAt(task.at)})${more}` : '';
  return `  in play "${play.name}"${where}`;
}

function plain(one: Explained) {
  const { name, value, error, secret, play, tasks, origins } = one;
  return {
    name,
    ...(error === undefined ? { value: secret ? null : value } : { error }),
    secret,
    ...(play && { play: play.name, tasks: tasks.map((task) => ({ name: task.name.value, at: showAt(task.at) })) }),
    from: origins.map((origin) => ({
      level: origin.level,
      at: origin.at ? place(origin) : null,
      ...(origin.written !== undefined && { written: origin.written }),
    })),
  };
}
