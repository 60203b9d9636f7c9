import { type Module, NotKnown, type Probe, probeKey, Seen } from '../contract/index.ts';
import { schemaOf } from '../registry/reference.ts';
import type { Node } from '../source/node.ts';
import { renderNode, type Scope } from '../template/index.ts';

/** What may stand in for a value that is not known: two of a kind, of as many kinds as parameters are of. */
const PAIRS: readonly (readonly [unknown, unknown])[] = [
  ['a', 'b'],
  ['/a', '/b'],
  [1, 2],
  ['1', '2'],
  [true, false],
  ['0644', '0600'],
  ['1M', '2M'],
  [['a'], ['b']],
  [{ a: 1 }, { b: 1 }],
];

/** More words than any parameter may be one of. */
const MOST_WORDS = 12;

/** A file of the control node of which nothing is known. */
const ANY_SOURCE = { name: 'a', content: '', size: 0, sha256: '0'.repeat(64) };

interface Given {
  readonly free: unknown;
  readonly turn: number;
}

type Schema = ReturnType<typeof schemaOf>;

/**
 * What a module would look at first, though some of its parameters are not known: as long as that is the same whatever they
 * are. Undefined where it hangs on them, or nothing like them can be thought of. Nothing is read for it.
 */
export function firstLook(module: Module, params: Node, scope: Scope): readonly Probe[] | undefined {
  const schema = schemaOf(module);
  for (const pair of PAIRS) {
    const [one, other] = pair.map((free) =>
      looksWith(module, (turn) => standIn(params, schema, scope, { free, turn })),
    );
    if (!one || !other || one.size === 0) continue;
    return one.size === other.size && [...one.keys()].every((key) => other.has(key)) ? [...one.values()] : undefined;
  }
  return undefined;
}

/** With each word that a parameter may be where it is one of several. */
function looksWith(module: Module, given: (turn: number) => unknown): ReadonlyMap<string, Probe> | undefined {
  const looks = Array.from({ length: MOST_WORDS }, (_, turn) => lookWith(module, given(turn)));
  if (looks.every((look) => look === undefined)) return undefined;
  return new Map(looks.flatMap((look) => (look ?? []).map((probe) => [probeKey(probe), probe] as const)));
}

function lookWith(module: Module, params: unknown): readonly Probe[] | undefined {
  const parsed = module.params.safeParse(params);
  if (!parsed.success) return undefined;
  try {
    const data = module.source ? { ...(parsed.data as object), source: ANY_SOURCE } : parsed.data;
    return Object.values(module.reads(data, new Seen(new Map())));
  } catch {
    // It is not for such parameters.
    return undefined;
  }
}

function standIn(node: Node, schema: Schema | undefined, scope: Scope, given: Given): unknown {
  if (node.kind === 'map')
    return Object.fromEntries(
      node.entries.map(({ key, value }) => [key, standIn(value, schema?.properties?.[key], scope, given)]),
    );
  if (node.kind === 'list') return node.items.map((item) => standIn(item, schema?.items, scope, given));
  try {
    return renderNode(node, scope);
  } catch (error) {
    if (!(error instanceof NotKnown)) throw error;
    const choices = [schema, ...(schema?.anyOf ?? [])].flatMap((one) => one?.enum ?? []);
    return choices.length > 0 ? choices[given.turn % choices.length] : given.free;
  }
}
