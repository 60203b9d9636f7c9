import type { Attribute, Element } from './element.ts';

/** libxml2, and with it libvirt, takes no more. */
const DEEPEST = 256;

/** Why a text is not even looked at by the parser. */
export interface Refusal {
  readonly code: 'Doctype' | 'TooDeep';
  readonly offset: number;
}

interface Open {
  readonly element: Draft;
  readonly namespaces: ReadonlyMap<string, string>;
}

interface Draft extends Element {
  text: string;
  readonly children: Draft[];
  readonly at: { -readonly [K in keyof Element['at']]: number };
}

const NO_NAMESPACES: ReadonlyMap<string, string> = new Map();
const OPAQUE = [
  ['<!--', '-->'],
  ['<![CDATA[', ']]>'],
  ['<?', '?>'],
] as const;

/**
 * Where elements and attributes stand in a text. It does not judge: of a text that is not well-formed it gives some element, or
 * none. No recursion, and no more work than a look at each character.
 */
export function scan(text: string): Element | Refusal | undefined {
  const stack: Open[] = [];
  let root: Draft | undefined;
  let at = 0;
  const gather = (raw: string, isCdata = false): void => {
    const inside = stack.at(-1)?.element;
    if (inside) inside.text += isCdata ? raw : decode(raw);
  };
  while (at < text.length) {
    const next = text.indexOf('<', at);
    gather(text.slice(at, next === -1 ? text.length : next));
    if (next === -1) break;
    const opaque = OPAQUE.find(([begin]) => text.startsWith(begin, next));
    if (opaque) {
      const [begin, finish] = opaque;
      const stop = text.indexOf(finish, next + begin.length);
      if (stop === -1) return undefined;
      if (begin === '<![CDATA[') gather(text.slice(next + begin.length, stop), true);
      at = stop + finish.length;
    } else if (text.startsWith('<!', next)) {
      return { code: 'Doctype', offset: next };
    } else if (text.startsWith('</', next)) {
      const stop = text.indexOf('>', next);
      const open = stack.pop();
      if (stop === -1 || !open) return undefined;
      open.element.at.close = next;
      open.element.at.end = stop + 1;
      at = stop + 1;
    } else {
      const outer = stack.at(-1);
      const made = startTag(text, next, outer);
      if (!made) return undefined;
      outer?.element.children.push(made.element);
      root ??= made.element;
      if (!made.element.isEmptyTag && stack.push(made) > DEEPEST) return { code: 'TooDeep', offset: next };
      at = made.element.at.open;
    }
  }
  return root;
}

const NAME = /[^\s/>=]+/y;
const ATTRIBUTE = /\s+([^\s=/>]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/y;
const TAG_END = /\s*(\/?)>/y;

function startTag(text: string, start: number, outer: Open | undefined): Open | undefined {
  const [name] = match(NAME, text, start + 1) ?? [];
  if (name === undefined) return undefined;
  const nameEnd = start + 1 + name.length;
  const attributes: Attribute[] = [];
  let at = nameEnd;
  for (let found = match(ATTRIBUTE, text, at); found; found = match(ATTRIBUTE, text, at)) {
    const [whole, key = '', double, single = ''] = found;
    const raw = double ?? single;
    const end = at + whole.length;
    attributes.push({
      name: key,
      value: decode(raw),
      quote: double === undefined ? "'" : '"',
      at: { start: at, value: end - 1 - raw.length, end },
    });
    at = end;
  }
  const finish = match(TAG_END, text, at);
  if (!finish) return undefined;
  const open = at + finish[0].length;
  const namespaces = namespacesOf(attributes, outer?.namespaces ?? NO_NAMESPACES);
  const prefix = name.includes(':') ? name.slice(0, name.indexOf(':')) : '';
  const element: Draft = {
    name,
    uri: namespaces.get(prefix) ?? '',
    attributes,
    children: [],
    parent: outer?.element,
    text: '',
    at: { start, name: nameEnd, open, close: open, end: open },
    isEmptyTag: finish[1] === '/',
  };
  return { element, namespaces };
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function namespacesOf(attributes: readonly Attribute[], outer: ReadonlyMap<string, string>) {
  const own = attributes.filter(({ name }) => name === 'xmlns' || name.startsWith('xmlns:'));
  if (own.length === 0) return outer;
  return new Map([...outer, ...own.map(({ name, value }) => [name.slice('xmlns:'.length), value] as const)]);
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', apos: "'", quot: '"' };

function decode(raw: string): string {
  const text = raw.includes('\r') ? raw.replaceAll(/\r\n?/g, '\n') : raw;
  if (!text.includes('&')) return text;
  return text.replaceAll(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (whole, hex, decimal, name) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
