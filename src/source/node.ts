import type { Position } from './diagnostic.ts';

/** YAML as data that remembers where it stood. */
export type Node = Scalar | MapNode | ListNode;

export interface Scalar {
  readonly kind: 'scalar';
  /** `bigint` only for integers beyond 2^53 in YAML 1.1 sources. */
  readonly value: string | number | bigint | boolean | null;
  readonly at: Position;
  /** Whether it was quoted or a block scalar: then it is text whatever it looks like. */
  readonly quoted: boolean;
  /** The characters in the source, quotes and block header included: `"a\tb"`, `0x1F`, `1.0`. */
  readonly raw?: string;
  /** `!vault`, `!age` or `!unsafe`. */
  readonly tag?: string;
  /** What is encrypted here: the plain text. Throws `UserError` where nothing that was given opens it. */
  readonly open?: () => string;
  /** It stood in a file that is encrypted as a whole. */
  readonly secret?: true;
}

export interface MapNode {
  readonly kind: 'map';
  readonly entries: readonly Entry[];
  readonly at: Position;
}

export interface Entry {
  readonly key: string;
  readonly keyAt: Position;
  /** Whether the key was written without quotes: then it may mean a number, as in `1234: {}`. */
  readonly keyPlain?: true;
  readonly value: Node;
}

export interface ListNode {
  readonly kind: 'list';
  readonly items: readonly Node[];
  readonly at: Position;
}

/** The same, each value in it marked as secret. */
export function markSecret(node: Node): Node {
  if (node.kind === 'scalar') return { ...node, secret: true };
  if (node.kind === 'list') return { ...node, items: node.items.map(markSecret) };
  return { ...node, entries: node.entries.map((entry) => ({ ...entry, value: markSecret(entry.value) })) };
}

/** Whether any of it is encrypted, or was. */
export function isSecret(node: Node): boolean {
  if (node.kind === 'list') return node.items.some(isSecret);
  if (node.kind === 'map') return node.entries.some(({ value }) => isSecret(value));
  return node.secret === true || node.tag === '!vault' || node.tag === '!age';
}

/** The plain value. Tags are passed over: a `!vault` scalar gives its ciphertext. */
export function toData(node: Node): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(toData);
  return Object.fromEntries(node.entries.map((entry) => [entry.key, toData(entry.value)]));
}

/** Plain data as a node, all of it at one position: command-line values, INI variables. */
export function nodeOf(data: unknown, at: Position): Node {
  if (Array.isArray(data)) return { kind: 'list', items: data.map((item) => nodeOf(item, at)), at };
  if (typeof data === 'object' && data !== null) {
    const entries = Object.entries(data).map(([key, value]) => ({ key, keyAt: at, value: nodeOf(value, at) }));
    return { kind: 'map', entries, at };
  }
  const value = data === undefined ? null : (data as Scalar['value']);
  return { kind: 'scalar', value, at, quoted: typeof value === 'string' };
}

/** The value under a key, if the node is a map that has it. */
export function child(node: Node, key: string): Node | undefined {
  return node.kind === 'map' ? node.entries.find((entry) => entry.key === key)?.value : undefined;
}

/** What kind of value it is, in words for a message: `a list`, `the number 3`. */
export function describeNode(node: Node): string {
  if (node.kind === 'map') return 'a mapping';
  if (node.kind === 'list') return 'a list';
  const { value, tag } = node;
  if (tag === '!vault') return 'a secret';
  if (value === null) return 'nothing';
  if (typeof value === 'string') return value.length > 40 ? 'a text' : `the text ${JSON.stringify(value)}`;
  return typeof value === 'boolean' ? String(value) : `the number ${value}`;
}
