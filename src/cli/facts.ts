import { Problem, type Seen } from '../contract/index.ts';
import { checkPath, FACTS, type Fact } from '../facts/index.ts';
import { mistake, UserError } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import { printYaml } from '../source/print-yaml.ts';
import { type Asked, askHosts, look, withRoot } from './ask-hosts.ts';
import { EXIT } from './exit.ts';
import type { AskFlags } from './run-flags.ts';

export interface FactsFlags extends AskFlags {
  readonly root?: string;
  readonly output: 'text' | 'json';
}

/** `kvmplay facts`. Gives the exit status; throws `UserError` before any host is touched. */
export async function factsCommand(words: readonly string[], flags: FactsFlags): Promise<number> {
  const { root } = flags;
  const [pattern, ...paths] = root === undefined ? words : [root, ...words];
  if (pattern === undefined)
    throw new UserError([
      mistake(
        'BadFlags',
        'name a host, a pattern or --root DIR',
        undefined,
        'such as `--root /`, which is this machine',
      ),
    ]);
  const wanted = paths.length > 0 ? wantedBy(paths) : FACTS.map((fact): Wanted => ({ fact, path: [] }));
  const probes = Object.fromEntries(
    wanted.flatMap(({ fact }) => Object.entries(fact.probes).map(([name, probe]) => [keyOf(fact, name), probe])),
  );
  const asked: readonly Asked<Seen>[] =
    root === undefined
      ? await askHosts(pattern, flags, (remote) => look(remote, probes))
      : [{ host: root, answer: await withRoot(root, (remote) => look(remote, probes)) }];

  const told = asked.map((one) => ('error' in one ? one : { host: one.host, ...tell(one.answer, wanted) }));
  process.stdout.write(flags.output === 'json' ? json(told) : text(told));
  for (const one of told) for (const said of complaints(one)) process.stderr.write(`warning: ${one.host}: ${said}\n`);
  if (told.some((one) => 'error' in one)) return EXIT.unreachable;
  // Who asked for all of them takes what there is.
  const refused = told.some((one) => 'errors' in one && Object.keys(one.errors).length > 0);
  return refused && paths.length > 0 ? EXIT.failed : EXIT.ok;
}

interface Wanted {
  readonly fact: Fact;
  readonly path: readonly string[];
}

/** Facts share what they read, and may call it by the same name. */
const keyOf = (fact: Fact, name: string): string => `${fact.name} ${name}`;

function wantedBy(paths: readonly string[]): readonly Wanted[] {
  const found = paths.map((written) => {
    const [name = '', ...path] = written.replace(/^facts\./, '').split('.');
    const fact = FACTS.find((one) => one.name === name);
    if (!fact) return mistake('UnknownFact', `there is no fact "${name}"`, undefined, hint(name, names()));
    const wrong = checkPath(fact, path);
    if (!wrong) return { fact, path };
    const part = path[wrong.index] ?? '';
    return mistake('UnknownFact', `"${name}" has no "${part}"`, undefined, hint(part, wrong.known));
  });
  const wrong = found.flatMap((one) => ('fact' in one ? [] : [one]));
  if (wrong.length > 0) throw new UserError(wrong);
  return found.flatMap((one) => ('fact' in one ? [one] : []));
}

const names = (): string[] => FACTS.map(({ name }) => name);
const hint = (name: string, known: readonly string[]): string =>
  didYouMean(name, known) ?? `there are ${known.join(', ')}`;

interface Told {
  readonly host: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly errors: Readonly<Record<string, { readonly code: string; readonly message: string }>>;
}

function tell(seen: Seen, wanted: readonly Wanted[]): Pick<Told, 'facts' | 'errors'> {
  const facts: Record<string, unknown> = {};
  const errors: Record<string, { code: string; message: string }> = {};
  for (const { fact, path } of wanted) {
    const name = [fact.name, ...path].join('.');
    try {
      facts[name] = path.reduce<unknown>(within, fact.read(seen.part(`${fact.name} `)));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      errors[name] = { code: error.code, message: error.message };
    }
  }
  return { facts, errors };
}

const within = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? ((value as Record<string, unknown>)[key] ?? null) : null;

type Row = Told | Extract<Asked<never>, { error: unknown }>;

function json(told: readonly Row[]): string {
  const hosts = Object.fromEntries(told.map(({ host, ...one }) => [host, 'error' in one ? one : withoutNothing(one)]));
  return `${JSON.stringify({ schema: 'kvmplay.facts/1', hosts }, null, 2)}\n`;
}

const withoutNothing = ({ facts, errors }: Pick<Told, 'facts' | 'errors'>) => ({
  facts,
  ...(Object.keys(errors).length > 0 && { errors }),
});

/** YAML: of one host its facts, of several each under its name. */
function text(told: readonly Row[]): string {
  const [only, second] = told;
  if (only && !second) return 'facts' in only ? printed(only.facts) : '';
  return printed(Object.fromEntries(told.flatMap((one) => ('facts' in one ? [[one.host, one.facts]] : []))));
}

const printed = (value: Readonly<Record<string, unknown>>): string =>
  Object.keys(value).length === 0 ? '' : `${printYaml(value).trimEnd()}\n`;

const complaints = (one: Row): readonly string[] =>
  'error' in one ? [one.error.message] : Object.values(one.errors).map(({ message }) => message);
