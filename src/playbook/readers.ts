import { type Diagnostic, mistake, type Position } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import { describeNode, type MapNode, type Node, type Scalar } from '../source/node.ts';
import { conditionMistakes, isTemplated, templateMistakes } from '../template/index.ts';
import { shortName } from './short-name.ts';
import type { Expression, OrTemplate, Templated } from './types.ts';

/** Takes the value of the keyword `name`, or says what is wrong with it and gives undefined. */
export type Reader<T> = (node: Node, name: string, found: Diagnostic[]) => T | undefined;

/** For keywords that take a text. */
const EXAMPLES: Readonly<Record<string, string>> = {
  hosts: 'all',
  tags: '[tuning]',
  register: 'result',
  notify: 'Restart it',
  delegate_to: 'localhost',
  become_user: 'root',
  become_method: 'sudo',
  vars_files: '[vars/common.yml], one file for all hosts: what differs by host stands in group_vars and host_vars',
  import_tasks: 'tasks.yml',
  import_playbook: 'other.yml',
};

function refuse(found: Diagnostic[], node: Node, name: string, takes: string, hint?: string): undefined {
  const templated = isTemplated(node)
    ? 'it is read before any host is known, so it cannot hold a template'
    : `for example ${name}: ${EXAMPLES[name] ?? 'a-text'}`;
  found.push(mistake('BadValue', `"${name}" takes ${takes}, not ${describeNode(node)}`, node.at, hint ?? templated));
}

/** `PATH=/x` and `- a: 1` are other ways of saying it. */
function mappingHint(node: Node, name: string): string {
  const pair = node.kind === 'scalar' ? /^([A-Za-z_]\w*)=(.*)$/.exec(String(node.value)) : null;
  if (pair) return `write ${name}: { ${pair[1]}: ${JSON.stringify(pair[2])} }`;
  if (node.kind === 'list' && node.items.every((item) => item.kind === 'map'))
    return 'leave out the "-" before each line';
  return `write ${name}: { KEY: VALUE }`;
}

const isNothing = (node: Node): boolean => node.kind === 'scalar' && node.value === null;

/** YAML 1.2 reads `yes` as a text; who comes from Ansible means true. Its own list of such words and figures. */
const YES = ['yes', 'on', 'true', 'y', 't', '1'];
const NO = ['no', 'off', 'false', 'n', 'f', '0'];

export const bool: Reader<boolean> = (node, name, found) => {
  const word = node.kind === 'scalar' ? String(node.value).toLowerCase() : '';
  if (YES.includes(word)) return true;
  if (NO.includes(word)) return false;
  return refuse(found, node, name, 'true or false', `write ${name}: true, or ${name}: false`);
};

/** Also a template, which is rendered for each host when the task comes: what it gives is read as if it stood there. */
export const orTemplate =
  <T extends boolean | number>(reader: Reader<T>): Reader<OrTemplate<T>> =>
  (node, name, found) =>
    node.kind === 'scalar' && isTemplated(node) ? text(node, name, found) : reader(node, name, found);

/** A text that may hold templates. */
export const text: Reader<Templated> = (node, name, found) => {
  const plain = node.kind === 'scalar' && node.value !== null ? asText(node) : undefined;
  if (plain === undefined || plain === '')
    return refuse(found, node, name, 'a text', plain === '' ? 'leave it out, or write something' : undefined);
  found.push(...templateMistakes(node));
  return { ...(node as Scalar), value: plain };
};

/** At least one text. */
export const someTexts: Reader<readonly Templated[]> = (node, name, found) =>
  node.kind === 'list' && node.items.length === 0
    ? refuse(found, node, name, 'at least one')
    : texts(node, name, found);

/** A text that is read before any host is known. */
export const word: Reader<string> = (node, name, found) =>
  isTemplated(node)
    ? refuse(found, node, name, 'a plain text')
    : (text(node, name, found)?.value as string | undefined);

export const variableName: Reader<string> = (node, name, found) => {
  const given = word(node, name, found);
  if (given === undefined) return undefined;
  const wrong = badVariableName(given, node.at);
  if (wrong) found.push(wrong);
  return wrong ? undefined : given;
};

/** A text, or a list of texts. */
export const texts: Reader<readonly Templated[]> = (node, name, found) =>
  listOf(node).flatMap((item) => text(item, name, found) ?? []);

export const words: Reader<readonly string[]> = (node, name, found) =>
  listOf(node).flatMap((item) => word(item, name, found) ?? []);

/** As `words`; a text may also hold several, separated by commas. */
export const tags: Reader<readonly string[]> = (node, name, found) =>
  (words(node, name, found) ?? []).flatMap((one) => one.split(',').map((tag) => tag.trim())).filter(Boolean);

/** Conditions that must all hold. */
export const conditions: Reader<readonly Expression[]> = (node, name, found) =>
  listOf(node).flatMap((item) => condition(item, name, found) ?? []);

export const condition: Reader<Expression> = (node, name, found) => {
  const value = node.kind === 'scalar' ? node.value : undefined;
  if (node.kind !== 'scalar' || value === null || typeof value === 'number' || value === '') {
    return refuse(found, node, name, 'a condition', `for example ${name}: inventory_hostname != "kvm1"`);
  }
  found.push(...conditionMistakes(node));
  return node;
};

export const integer =
  (least: number, most = Number.MAX_SAFE_INTEGER, example = 3): Reader<number> =>
  (node, name, found) => {
    const value = node.kind === 'scalar' ? Number(node.value === null ? Number.NaN : node.value) : Number.NaN;
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    const upTo = most === Number.MAX_SAFE_INTEGER ? ` of at least ${least}` : ` from ${least} to ${most}`;
    return refuse(found, node, name, `a whole number${upTo}`, `for example ${name}: ${example}`);
  };

export const seconds: Reader<number> = (node, name, found) => {
  const value = node.kind === 'scalar' && node.value !== null ? Number(node.value) : Number.NaN;
  return value >= 0 && Number.isFinite(value)
    ? value
    : refuse(found, node, name, 'a number of seconds', `for example ${name}: 30`);
};

/** From 0 to 100, with or without a percent sign. */
export const percent: Reader<number> = (node, name, found) => {
  const written = node.kind === 'scalar' && node.value !== null ? String(node.value) : '';
  const value = /^\d+(\.\d+)?%?$/.test(written) ? Number.parseFloat(written) : Number.NaN;
  return value <= 100 ? value : refuse(found, node, name, 'a number from 0 to 100', `for example ${name}: 20`);
};

/** A number of hosts, 0 for all of them, a percentage, or a list of these. */
export const batches: Reader<readonly string[]> = (node, name, found) =>
  listOf(node).flatMap((item) => {
    const written = item.kind === 'scalar' && item.value !== null ? String(item.value) : '';
    if (/^\d+$|^(?!0+%$)(?:\d|[1-9]\d|100)%$/.test(written)) return [written];
    const hint = `for example ${name}: 5, ${name}: "20%" or ${name}: [1, 5, "20%"]`;
    return refuse(found, item, name, 'a number of hosts, a percentage, or a list of them', hint) ?? [];
  });

export const choice =
  <const T extends string>(...choices: readonly T[]): Reader<T> =>
  (node, name, found) => {
    const known = choices.find((one) => node.kind === 'scalar' && node.value === one);
    const written = node.kind === 'scalar' ? String(node.value) : '';
    const hint = didYouMean(written, choices) ?? `for example ${name}: ${choices[0]}`;
    return known ?? refuse(found, node, name, choices.map((one) => `"${one}"`).join(' or '), hint);
  };

/** `sudo` or `su`, or a template that gives one. */
export const becomeMethod: Reader<Templated> = (node, name, found) => {
  if (node.kind !== 'scalar' || isTemplated(node)) return text(node, name, found);
  const short = typeof node.value === 'string' ? { ...node, value: shortName(node.value) } : node;
  return choice('sudo', 'su')(short, name, found) && short;
};

/** Ansible's other strategies order the tasks of several hosts. */
export const strategy: Reader<'free' | 'host_pinned'> = (node, name, found) => {
  const known = (['free', 'host_pinned'] as const).find((one) => node.kind === 'scalar' && node.value === one);
  const hint = 'leave it out: hosts of a batch go on independently; serial and any_errors_fatal make them wait';
  return known ?? refuse(found, node, name, '"free" or "host_pinned"', hint);
};

export const mapping: Reader<MapNode> = (node, name, found) => {
  if (isNothing(node)) return { kind: 'map', entries: [], at: node.at };
  return node.kind === 'map' ? node : refuse(found, node, name, 'a mapping', mappingHint(node, name));
};

/** A mapping whose keys can be used as variables. */
export const variables: Reader<MapNode> = (node, name, found) => {
  const map = mapping(node, name, found);
  for (const entry of map?.entries ?? []) {
    const wrong = badVariableName(entry.key, entry.keyAt);
    if (wrong) found.push(wrong);
    found.push(...templateMistakes(entry.value));
  }
  return map;
};

/** A mapping or a list of them, or a template that gives one. */
export const environment: Reader<readonly Node[]> = (node, name, found) =>
  listOf(node).flatMap((item): readonly Node[] => {
    found.push(...templateMistakes(item));
    if (item.kind === 'scalar' && isTemplated(item)) return [item];
    const map = mapping(item, name, found);
    return map ? [map] : [];
  });

/** What `loop` goes over: a list, a mapping, or a template that gives one. */
export const items: Reader<Node> = (node, name, found) => {
  found.push(...templateMistakes(node));
  if (node.kind !== 'scalar' || isTemplated(node)) return node;
  return refuse(found, node, name, 'a list, a mapping, or a template that gives one', `for example ${name}: [a, b]`);
};

/** Tasks, plays or roles; nothing is an empty list. */
export const list: Reader<readonly Node[]> = (node, name, found) => {
  if (isNothing(node)) return [];
  const hint = 'write each of them behind "- "';
  return node.kind === 'list' ? node.items : refuse(found, node, name, 'a list', hint);
};

const listOf = (node: Node): readonly Node[] => (node.kind === 'list' ? node.items : [node]);

/** Numbers keep the form in which they were written: `1.10`. */
const asText = (scalar: Scalar): string =>
  typeof scalar.value === 'string' ? scalar.value : (scalar.raw ?? String(scalar.value));

/** Words that a condition reads as something else. */
const RESERVED = new Set(['true', 'false', 'null', 'in', 'as', 'and', 'or', 'not', 'this']);

export function badVariableName(name: string, at: Position): Diagnostic | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    const message = `"${name}" cannot be the name of a variable`;
    return mistake('BadVariableName', message, at, 'letters, digits and _ make a name, and a digit cannot begin it');
  }
  if (RESERVED.has(name))
    return mistake('BadVariableName', `"${name}" has a meaning of its own in conditions`, at, 'take another name');
  return undefined;
}
