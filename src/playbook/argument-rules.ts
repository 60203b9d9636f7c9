import { type Diagnostic, mistake, type Position } from '../source/diagnostic.ts';
import { child, type Node, toData } from '../source/node.ts';

/** What options of one specification ask of each other, by Ansible's names. */
export interface ArgumentRules {
  readonly mutually_exclusive: readonly (readonly string[])[];
  readonly required_together: readonly (readonly string[])[];
  readonly required_one_of: readonly (readonly string[])[];
  /** If the option has this value, all of the others are required; or one of them, where `one` is set. */
  readonly required_if: readonly {
    readonly option: string;
    readonly value: unknown;
    readonly needs: readonly string[];
    readonly one: boolean;
  }[];
  readonly required_by: readonly (readonly [option: string, needs: readonly string[]])[];
}

const GROUPS = ['mutually_exclusive', 'required_together', 'required_one_of'] as const;

export const RULE_NAMES = [...GROUPS, 'required_if', 'required_by'] as const;

/** The rules in a mapping that has `options`. */
export function parseRules(node: Node, found: Diagnostic[]): ArgumentRules {
  const groups = (name: (typeof GROUPS)[number]) => {
    const value = child(node, name);
    if (!value) return [];
    const data = toData(value);
    const lists = isNames(data) ? [data] : data;
    if (Array.isArray(lists) && lists.every(isNames)) return lists;
    found.push(bad(name, value.at, 'a list of lists of options', '[[a, b]]'));
    return [];
  };
  return {
    mutually_exclusive: groups('mutually_exclusive'),
    required_together: groups('required_together'),
    required_one_of: groups('required_one_of'),
    required_if: requiredIf(child(node, 'required_if'), found),
    required_by: requiredBy(child(node, 'required_by'), found),
  };
}

function requiredIf(node: Node | undefined, found: Diagnostic[]): ArgumentRules['required_if'] {
  const data = node ? toData(node) : [];
  const rules = Array.isArray(data) ? data : [undefined];
  const parsed = rules.flatMap((rule) => {
    const [option, value, needs, one = false] = Array.isArray(rule) ? rule : [];
    return typeof option === 'string' && isNames(needs) ? [{ option, value, needs, one: one === true }] : [];
  });
  if (node && parsed.length !== rules.length)
    found.push(bad('required_if', node.at, 'a list of [option, value, [options]]', '[[state, present, [path]]]'));
  return parsed;
}

function requiredBy(node: Node | undefined, found: Diagnostic[]): ArgumentRules['required_by'] {
  const data = node ? toData(node) : {};
  const entries = typeof data === 'object' && data !== null && !Array.isArray(data) ? Object.entries(data) : undefined;
  const parsed = (entries ?? []).flatMap(([option, needs]) => {
    const names = typeof needs === 'string' ? [needs] : needs;
    return isNames(names) ? [[option, names] as const] : [];
  });
  if (node && parsed.length !== entries?.length)
    found.push(bad('required_by', node.at, 'a mapping of an option to what it requires', '{ path: [mode] }'));
  return parsed;
}

const bad = (name: string, at: Position, takes: string, example: string): Diagnostic =>
  mistake('BadValue', `"${name}" takes ${takes}`, at, `for example ${name}: ${example}`);

const isNames = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string');

/** What is wrong with options that are given together. `givenBy` gives undefined for those that are not given. */
export function checkRules(
  rules: ArgumentRules,
  givenBy: (option: string) => unknown,
  prefix: string,
  at: Position,
): readonly Diagnostic[] {
  const has = (option: string) => givenBy(option) !== undefined && givenBy(option) !== null;
  const names = (options: readonly string[]) => options.map((one) => `"${prefix}${one}"`).join(', ');
  const wrong = (message: string) => mistake('BadArgument', message, at, 'see meta/argument_specs.yml of the role');
  return [
    ...rules.mutually_exclusive
      .filter((options) => options.filter(has).length > 1)
      .map((options) => wrong(`${names(options.filter(has))} cannot be given together`)),
    ...rules.required_together
      .filter((options) => options.some(has) && !options.every(has))
      .map((options) => wrong(`${names(options)} must be given together`)),
    ...rules.required_one_of
      .filter((options) => !options.some(has))
      .map((options) => wrong(`one of ${names(options)} must be given`)),
    ...rules.required_if
      .filter(({ option, value, needs, one }) => {
        if (String(givenBy(option)) !== String(value)) return false;
        return one ? !needs.some(has) : !needs.every(has);
      })
      .map(({ option, value, needs, one }) => {
        const missing = needs.filter((need) => !has(need));
        return wrong(`${one ? 'one of ' : ''}${names(missing)} must be given where "${prefix}${option}" is ${value}`);
      }),
    ...rules.required_by
      .filter(([option, needs]) => has(option) && !needs.every(has))
      .map(([option, needs]) => wrong(`${names(needs)} must be given with "${prefix}${option}"`)),
  ];
}
