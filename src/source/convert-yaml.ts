import { isAlias, isMap, isScalar, isSeq, type YAMLMap, type Scalar as YamlScalar } from 'yaml';
import { type Diagnostic, mistake, type Position, UserError } from './diagnostic.ts';
import type { Entry, Node, Scalar } from './node.ts';
import { type Dialect, resolvePlain } from './plain-scalar.ts';

/** Where a range of characters stands. */
export type Locate = (start: number, end?: number) => Position;

/** Counted with every alias written out, which is what a reader of the tree meets. */
const MAX_NODES = 1_000_000;
const CORE_TAG = 'tag:yaml.org,2002:';

/** The library's tree as our own: aliases and merge keys resolved, scalars typed; and every mistake in it. */
export function convertYaml(
  root: unknown,
  text: string,
  dialect: Dialect,
  locate: Locate,
): { readonly node: Node; readonly mistakes: readonly Diagnostic[] } {
  const found: Diagnostic[] = [];
  const anchors = new Map<string, { readonly node: Node; readonly size: number } | 'open'>();
  let size = 0;
  let flowing = 0;

  const convert = (node: unknown, unsafe: boolean, fallback: Position): Node => {
    if (isAlias(node)) return resolveAlias(node.source, locate(node.range?.[0] ?? 0, node.range?.[1]));
    grow(1, fallback);
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (anchor === undefined) return convertOwn(node, unsafe, fallback);
    const before = size - 1;
    anchors.set(anchor, 'open');
    const converted = convertOwn(node, unsafe, fallback);
    anchors.set(anchor, { node: converted, size: size - before });
    return converted;
  };

  const convertOwn = (node: unknown, unsafe: boolean, fallback: Position): Node => {
    if (isScalar(node)) return scalar(node, unsafe);
    if (isSeq(node)) {
      const at = positionOf(node, fallback);
      const inside = unsafe || isUnsafe(node.tag, at);
      return { kind: 'list', items: within(node, () => node.items.map((item) => convert(item, inside, at))), at };
    }
    if (isMap(node)) return within(node, () => map(node, unsafe, fallback));
    // `{a, b: c}`: a key without a value.
    return { kind: 'scalar', value: null, at: fallback, quoted: false, raw: '' };
  };

  const map = (node: YAMLMap, unsafe: boolean, fallback: Position): Node => {
    const at = positionOf(node, fallback);
    const inside = unsafe || isUnsafe(node.tag, at);
    const own = new Map<string, Entry>();
    const merged = new Map<string, Entry>();
    for (const pair of node.items) {
      const keyAt = positionOf(pair.key, at);
      const key = keyOf(pair.key, keyAt);
      if (key === undefined) continue;
      const value = convert(pair.value, inside, keyAt);
      if (key === '<<' && isPlain(pair.key)) for (const entry of mergeable(value)) merged.set(entry.key, entry);
      else {
        const earlier = own.get(key);
        if (earlier && dialect === '1.2') {
          const message = `the key "${key}" stands twice in one mapping; first at line ${earlier.keyAt.line}`;
          found.push(mistake('RepeatedKey', message, keyAt, 'take one of them out'));
        }
        own.set(key, { key, keyAt, value, ...(isPlain(pair.key) && { keyPlain: true }) });
      }
    }
    if (merged.size === 0) return { kind: 'map', entries: [...own.values()], at };
    return { kind: 'map', entries: [...new Map([...merged, ...own]).values()], at };
  };

  /** The entries that `<<` brings in, those of the first mapping last, since they win. */
  const mergeable = (value: Node): readonly Entry[] => {
    const sources = value.kind === 'list' ? [...value.items].reverse() : [value];
    return sources.flatMap((source) => {
      if (source.kind === 'map') return source.entries;
      found.push(
        mistake(
          'BadMerge',
          '<< takes a mapping or a list of mappings',
          source.at,
          'write <<: *NAME, where &NAME stands before a mapping',
        ),
      );
      return [];
    });
  };

  const within = <T>({ flow }: { flow?: boolean | undefined }, work: () => T): T => {
    if (flow) flowing += 1;
    try {
      return work();
    } finally {
      if (flow) flowing -= 1;
    }
  };

  /** Between brackets, YAML 1.1 takes these for what begins a key or a value. */
  const indicated = (written: string, at: Position): void => {
    if (dialect === '1.2' || flowing === 0 || !/^[?:]/.test(written)) return;
    const message = `between brackets, Ansible's YAML gives the "${written[0]}" before this a meaning of its own`;
    found.push(mistake('YamlSyntax', message, at, `write "${written}" in quotes, or a space behind the ${written[0]}`));
  };

  const keyOf = (key: unknown, at: Position): string | undefined => {
    if (isScalar(key) && typeof key.value === 'string') {
      if (isPlain(key)) indicated(key.value, at);
      if (key.value !== '__proto__') return key.value;
      found.push(mistake('BadKey', 'the key "__proto__" cannot be used', at, 'take another name'));
    } else if (isMap(key)) {
      const hint = 'a value that begins with {{ must be in quotes: "{{ … }}"';
      found.push(mistake('UnquotedTemplate', 'a mapping is used as a key here', at, hint));
    } else found.push(mistake('BadKey', 'a key must be a plain word or a text', at, 'write KEY: VALUE'));
    return undefined;
  };

  const scalar = (node: YamlScalar, unsafe: boolean): Scalar => {
    const [start, end] = node.range ?? [0, 0];
    const at = locate(start, end);
    const raw = text.slice(start, end);
    const written = String(node.value);
    const tag = node.tag?.replace('!vault-encrypted', '!vault');
    const quoted = node.type !== 'PLAIN';
    const base = { kind: 'scalar', at, quoted, raw, ...(unsafe && { tag: '!unsafe' }) } as const;
    if (tag === '!vault' || tag === '!age' || tag === '!unsafe') return { ...base, value: written, tag };
    if (tag === `${CORE_TAG}str` || (quoted && !tag?.startsWith(CORE_TAG))) return { ...base, value: written };
    if (!quoted) indicated(written, at);
    const value = resolvePlain(written, dialect);
    if (dialect === '1.2') found.push(...doubtful(written, value, at));
    else if (written === '=')
      found.push(
        mistake('BadValue', 'YAML 1.1 gives an unquoted "=" a meaning that nobody can read', at, 'write "=" in quotes'),
      );
    const wanted = tag?.slice(CORE_TAG.length);
    if (wanted && !fits(wanted, value)) {
      found.push(
        mistake(
          'BadTag',
          `${JSON.stringify(written)} is not what the tag !!${wanted} asks for`,
          at,
          'take the tag out',
        ),
      );
    }
    const float = wanted === 'float' && Number.isInteger(value);
    return { ...base, value, ...(float && { raw: `${value}.0` }) };
  };

  const isUnsafe = (tag: string | undefined, at: Position): boolean => {
    const sealed = /^!(?:vault|age)/.exec(tag ?? '')?.[0];
    if (sealed !== undefined) {
      const hint = `write NAME: ${sealed} | and the encrypted text below it`;
      found.push(mistake('BadTag', `${sealed} stands before a text`, at, hint));
    }
    const foreign = /^tag:yaml\.org,2002:(set|omap|pairs)$/.exec(tag ?? '')?.[1];
    if (foreign !== undefined) {
      const hint = 'take the tag out, and write a mapping or a list of mappings';
      found.push(mistake('BadTag', `!!${foreign} is a type that nothing here takes`, at, hint));
    }
    return tag === '!unsafe';
  };

  const positionOf = (node: unknown, fallback: Position): Position => {
    const range = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range : undefined;
    if (!range) return fallback;
    return isScalar(node) || isAlias(node) ? locate(range[0], range[1]) : locate(range[0]);
  };

  const resolveAlias = (name: string, at: Position): Node => {
    const anchored = anchors.get(name);
    if (anchored && anchored !== 'open') {
      grow(anchored.size, at);
      return anchored.node;
    }
    const why = anchored ? `the alias *${name} stands inside of what it names` : `there is no anchor &${name} above`;
    found.push(mistake('BadAlias', why, at, 'put a text that begins with * in quotes'));
    return { kind: 'scalar', value: null, at, quoted: false, raw: '' };
  };

  const grow = (nodes: number, at: Position): void => {
    size += nodes;
    if (size <= MAX_NODES) return;
    const message = `with its aliases written out this file has more than ${MAX_NODES} values`;
    throw new UserError([mistake('YamlTooLarge', message, at, 'write fewer aliases inside of aliases')]);
  };

  return { node: convert(root, false, locate(0)), mistakes: found };
}

const isPlain = (key: unknown): boolean => isScalar(key) && key.type === 'PLAIN';

function fits(tag: string, value: Scalar['value']): boolean {
  if (tag === 'null') return value === null;
  if (tag === 'bool') return typeof value === 'boolean';
  return typeof value === 'number' || (tag === 'int' && typeof value === 'bigint');
}

/** Numbers that surely mean something other than what YAML 1.2 makes of them. */
function doubtful(written: string, value: Scalar['value'], at: Position): Diagnostic[] {
  if (/^[-+]?0[0-9]+$/.test(written)) {
    const message = `${written} without quotes is the decimal number ${value}, not an octal one`;
    return [mistake('LeadingZero', message, at, `write "${written}" in quotes`)];
  }
  if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) {
    const shown = written.length > 40 ? `${written.slice(0, 40)}…` : written;
    return [mistake('BadNumber', `${shown} cannot be held exactly as a number`, at, 'write it in quotes')];
  }
  return [];
}
