import { checkPath, FACTS, replacementOf } from '../facts/index.ts';
import type { Play } from '../playbook/types.ts';
import { type Diagnostic, mistake } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import type { Reference } from '../template/index.ts';
import { type FactsUsed, factPath, factsUsed, namesSetIn, type Written } from './facts-used.ts';

/** Which facts plays use, and what is wrong with how they name them: told before any host is touched. */
export function checkFacts(
  plays: readonly Play[],
  written: Written,
): { readonly used: FactsUsed; readonly mistakes: readonly Diagnostic[] } {
  const used = factsUsed(plays, written);
  const defined = new Set([...used.written, ...namesSetIn(plays)]);
  const found = used.references().flatMap((reference) => mistakeIn(reference, defined) ?? []);
  return { used, mistakes: [...new Map(found.map((one) => [JSON.stringify(one), one])).values()] };
}

function mistakeIn(reference: Reference, defined: ReadonlySet<string>): Diagnostic | undefined {
  const { name, path, at } = reference;
  const fact = factPath(reference);
  if (fact) return wrongFact(fact.path, at);
  const habit = defined.has(name) ? undefined : replacementOf(name, path[0]);
  if (habit === undefined) return undefined;
  return mistake('AnsibleFact', `"${[name, ...path].join('.')}" is a fact of Ansible's`, at, habit);
}

function wrongFact([first, ...rest]: Reference['path'], at: Diagnostic['at']): Diagnostic | undefined {
  if (first === undefined) return undefined;
  const names = FACTS.map(({ name }) => name);
  const fact = FACTS.find(({ name }) => name === first);
  if (!fact) return mistake('UnknownFact', `there is no fact "${first}"`, at, hintFor(first, names));
  const wrong = checkPath(fact, rest);
  if (!wrong) return undefined;
  const before = ['facts', first, ...rest.slice(0, wrong.index)].map((part) => part ?? '[…]').join('.');
  const part = rest[wrong.index] ?? '';
  return mistake('UnknownFact', `"${before}" has no "${part}"`, at, hintFor(part, wrong.known));
}

function hintFor(name: string, known: readonly string[]): string {
  return (
    didYouMean(name, known) ?? (known.length > 0 ? `there are ${known.join(', ')}` : 'docs/facts.md lists all facts')
  );
}
