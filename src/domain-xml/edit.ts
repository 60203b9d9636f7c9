import type { Element, Xml } from './element.ts';
import { rankOf } from './order.ts';
import { fits, parsePath, type Step } from './path.ts';

/** What shall stand at the end of a path; null: nothing. */
export interface Edit {
  readonly at: Element;
  readonly path: string;
  readonly value: string | null;
  /** An element of any text, that is to be among the children of what is at the end of the path. */
  readonly copy?: Element | undefined;
}

/** An element that is to be made. */
interface Made {
  readonly name: string;
  readonly attributes: Map<string, string>;
  readonly children: Made[];
  text: string;
}

interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A text with these edits, and not one character changed beside them. New elements stand where libvirt would write them. */
export function editXml(xml: Xml, edits: readonly Edit[]): string {
  const style = styleOf(xml);
  const splices: Splice[] = [];
  /** By what they are of: several edits may speak of one text or attribute, and the last one counts. */
  const replaced = new Map<Element | Element['attributes'][number], Splice>();
  const made = new Map<Element, Made[]>();
  const added = new Map<Element, Map<string, string>>();
  const gone = new Set<Element>();

  const descend = (from: Element | Made, step: Step, make: boolean): Element | Made | undefined => {
    const old = 'at' in from ? from.children.find((child) => fits(child, step) && !gone.has(child)) : undefined;
    if (old) return old;
    const fresh = 'at' in from ? (made.get(from) ?? []) : from.children;
    const there = fresh.find((child) => fitsMade(child, step));
    if (there || !make) return there;
    const child: Made = { name: step.name, attributes: new Map(Object.entries(step.where)), children: [], text: '' };
    fresh.push(child);
    if ('at' in from) made.set(from, fresh);
    return child;
  };
  const setAttribute = (element: Element, name: string, value: string): void => {
    const old = element.attributes.find((one) => one.name === name);
    if (old) replaced.set(old, { start: old.at.value, end: old.at.end - 1, text: escapeAttribute(value, old.quote) });
    else added.set(element, (added.get(element) ?? new Map<string, string>()).set(name, value));
  };
  const remove = (element: Element, attribute: string | undefined): void => {
    if (attribute === undefined) {
      gone.add(element);
      splices.push({ ...lineOf(xml.text, element), text: '' });
      return;
    }
    const old = element.attributes.find((one) => one.name === attribute);
    if (old) splices.push({ start: old.at.start, end: old.at.end, text: '' });
  };
  const setText = (element: Element, value: string): void => {
    if (element.text.trim() === value) return;
    const text = escapeText(value);
    const { open, close } = element.at;
    if (element.isEmptyTag)
      replaced.set(element, { start: tagEnd(element), end: open, text: `>${text}</${element.name}>` });
    else replaced.set(element, { start: open, end: close, text: withText(xml.text.slice(open, close), text) });
  };

  const put = (target: Element | Made, child: Made): void => {
    if (!('at' in target)) target.children.push(child);
    else made.set(target, [...(made.get(target) ?? []), child]);
  };

  for (const { at, path, value, copy } of edits) {
    const { steps, attribute } = parsePath(path);
    const target = steps.reduce<Element | Made | undefined>(
      (from, step) => from && descend(from, step, value !== null),
      at,
    );
    if (!target) continue;
    if (copy) put(target, madeLike(copy));
    else if (value === null) {
      if ('at' in target) remove(target, attribute);
    } else if ('at' in target) {
      if (attribute === undefined) setText(target, value);
      else setAttribute(target, attribute, value);
    } else if (attribute === undefined) target.text = value;
    else target.attributes.set(attribute, value);
  }
  for (const [element, attributes] of added) {
    const quote = element.attributes[0]?.quote ?? style.quote;
    const at = tagEnd(element);
    splices.push({ start: at, end: at, text: printAttributes(attributes, quote) });
  }
  for (const [parent, children] of made) splices.push(...insertions(xml.text, parent, children, gone, style));
  return spliced(xml.text, [...splices, ...replaced.values()]);
}

const madeLike = ({ name, attributes, children, text }: Element): Made => ({
  name,
  attributes: new Map(attributes.map((one) => [one.name, one.value])),
  children: children.map(madeLike),
  text: text.trim(),
});

function fitsMade(made: Made, { name, where }: Step): boolean {
  return made.name === name && Object.entries(where).every(([key, value]) => made.attributes.get(key) === value);
}

/** In one pass over the text. At one place the one that was asked for first stands first; what goes takes along what is in it. */
function spliced(text: string, splices: readonly Splice[]): string {
  const order = splices.map((splice, index) => ({ ...splice, index }));
  order.sort((a, b) => a.start - b.start || a.end - b.end || a.index - b.index);
  const pieces: string[] = [];
  let at = 0;
  for (const { start, end, text: put } of order) {
    if (start < at) continue;
    pieces.push(text.slice(at, start), put);
    at = end;
  }
  return pieces.join('') + text.slice(at);
}

interface Style {
  readonly quote: '"' | "'";
  /** What one level is indented by. */
  readonly step: string;
}

function styleOf({ text, root }: Xml): Style {
  const first = root.children[0];
  const outer = lead(text, root.at.start) ?? '';
  const inner = first && lead(text, first.at.start);
  const step = inner?.replace(/^\r?\n/, '').slice(outer.replace(/^\r?\n/, '').length) || '  ';
  return { quote: root.attributes[0]?.quote ?? "'", step };
}

/** The newline and the blanks before something that begins its line; undefined where something else does. */
function lead(text: string, at: number): string | undefined {
  let from = at;
  while (from > 0 && (text[from - 1] === ' ' || text[from - 1] === '\t')) from--;
  if (text[from - 1] !== '\n') return undefined;
  from -= text[from - 2] === '\r' ? 2 : 1;
  return text.slice(from, at);
}

/** An element with its line, where it has that to itself. */
function lineOf(text: string, { at: { start, end } }: Element): { start: number; end: number } {
  const before = lead(text, start);
  const behind = matchAt(/[ \t]*(?=\r?\n|$)/y, text, end);
  return before === undefined || behind === undefined
    ? { start, end }
    : { start: start - before.length, end: end + behind.length };
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

const PIECES = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|(?:<!\[CDATA\[[\s\S]*?\]\]>|[^<]+)+/g;

/** What stands between an element's tags, with another text: remarks and processing instructions stay where they are. */
function withText(content: string, text: string): string {
  const pieces = content.match(PIECES) ?? [];
  const isText = (piece: string) => !/^<(!--|\?)/.test(piece);
  if (pieces.every(isText)) return text;
  const [first = -1] = pieces.flatMap((piece, at) => (isText(piece) && piece.trim() !== '' ? [at] : []));
  if (first === -1) return text + content;
  const put = (piece: string) => piece.replace(/^(\s*)[\s\S]*?(\s*)$/, (_, before, behind) => before + text + behind);
  return pieces
    .map((piece, at) => (at === first ? put(piece) : isText(piece) && piece.trim() !== '' ? '' : piece))
    .join('');
}

/** Behind the last that is said in a start tag. */
const tagEnd = (element: Element): number => element.attributes.at(-1)?.at.end ?? element.at.name;

function insertions(
  text: string,
  parent: Element,
  children: readonly Made[],
  gone: ReadonlySet<Element>,
  style: Style,
): Splice[] {
  const siblings = parent.children.filter((child) => !gone.has(child));
  const ordered = [...children].sort((a, b) => compareMade(parent.name, a, b));
  if (siblings.length === 0) return [fill(text, parent, ordered, style)];
  return ordered.map((child) => {
    const before = siblings.findLast((sibling) => goesBefore(parent.name, sibling, child));
    if (before) {
      const at = behindRemark(text, before.at.end);
      const indent = lead(text, before.at.start);
      return { start: at, end: at, text: (indent ?? '') + print(child, indent, style) };
    }
    const indent = lead(text, siblings[0]?.at.start ?? 0);
    const at = indent === undefined ? parent.at.open : behindRemark(text, parent.at.open);
    return { start: at, end: at, text: (indent ?? '') + print(child, indent, style) };
  });
}

/** What stands on the same line and is but a remark belongs to what stands before it. */
const behindRemark = (text: string, at: number): number =>
  at + (matchAt(/(?:[ \t]*<!--(?:(?!-->)[^\n])*-->)+(?=[ \t]*\r?\n)/y, text, at) ?? '').length;

/** The first children of a parent that has none. */
function fill(text: string, parent: Element, children: readonly Made[], style: Style): Splice {
  const outer = lead(text, parent.at.start) ?? (parent.parent ? undefined : '\n');
  const inner = outer === undefined ? undefined : outer + style.step;
  const inside = children.map((child) => (inner ?? '') + print(child, inner, style)).join('');
  if (parent.isEmptyTag)
    return { start: tagEnd(parent), end: parent.at.open, text: `>${inside}${outer ?? ''}</${parent.name}>` };
  const content = text.slice(parent.at.open, parent.at.close);
  const kept = content.trimEnd();
  return { start: parent.at.open + kept.length, end: parent.at.close, text: inside + (outer ?? '') };
}

function print(made: Made, indent: string | undefined, style: Style): string {
  const tag = `<${made.name}${printAttributes(made.attributes, style.quote)}`;
  if (made.children.length === 0)
    return made.text === '' ? `${tag}/>` : `${tag}>${escapeText(made.text)}</${made.name}>`;
  const inner = indent === undefined ? undefined : indent + style.step;
  const ordered = [...made.children].sort((a, b) => compareMade(made.name, a, b));
  const inside = ordered.map((child) => (inner ?? '') + print(child, inner, style)).join('');
  return `${tag}>${inside}${indent ?? ''}</${made.name}>`;
}

const printAttributes = (attributes: ReadonlyMap<string, string>, quote: '"' | "'"): string =>
  [...attributes].map(([name, value]) => ` ${name}=${quote}${escapeAttribute(value, quote)}${quote}`).join('');

function compareMade(parent: string, a: Made, b: Made): number {
  const [one, other] = [rankOf(parent, a.name), rankOf(parent, b.name)];
  return one === other ? (a.name === b.name ? numberOf(a) - numberOf(b) : 0) : one - other;
}

function goesBefore(parent: string, sibling: Element, child: Made): boolean {
  if (sibling.name !== child.name) return rankOf(parent, sibling.name) <= rankOf(parent, child.name);
  return (
    numberOf({ attributes: new Map(sibling.attributes.map(({ name, value }) => [name, value])) }) <= numberOf(child)
  );
}

/** Elements of one name are numbered by their first attribute, those that are: vCPUs, IO threads, cells. */
function numberOf({ attributes }: Pick<Made, 'attributes'>): number {
  const [first = ''] = attributes.values();
  return /^\d+$/.test(first) ? Number(first) : 0;
}

const escapeText = (value: string): string =>
  value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const escapeAttribute = (value: string, quote: '"' | "'"): string =>
  escapeText(value)
    .replaceAll(quote, quote === '"' ? '&quot;' : '&apos;')
    .replaceAll('\n', '&#10;')
    .replaceAll('\r', '&#13;')
    .replaceAll('\t', '&#9;');
