import type { Xml } from './element.ts';
import { isSame, type Meant, meaningOf } from './meaning.ts';

/** What differs between two XMLs, in canonical form: the elements that do, and those around them. Nothing where nothing does. */
export function excerptOf(a: Xml, b: Xml): { before: string; after: string } {
  const before: string[] = [];
  const after: string[] = [];
  compare(meaningOf(a.root), meaningOf(b.root), '', before, after);
  const print = (lines: readonly string[]) => (lines.length === 0 ? '' : `${lines.join('\n')}\n`);
  return { before: print(before), after: print(after) };
}

function compare(a: Meant, b: Meant, indent: string, before: string[], after: string[]): void {
  if (isSame(a, b)) return;
  before.push(indent + tagOf(a));
  after.push(indent + tagOf(b));
  const pairs = pairsOf(a.children, b.children);
  const differs = pairs.some(([one, other]) => !one || !other || !isSame(one, other));
  for (const [one, other] of pairs) {
    if (one && other && isSame(one, other)) {
      // By which a person tells one device from another.
      if (differs && one.name === 'target') for (const side of [before, after]) side.push(`${indent}  ${tagOf(one)}`);
    } else if (one && other) compare(one, other, `${indent}  `, before, after);
    else if (one) before.push(...linesOf(one, `${indent}  `));
    else if (other) after.push(...linesOf(other, `${indent}  `));
  }
}

type Pair = readonly [Meant | undefined, Meant | undefined];

/** Children of one name side by side: those at both ends that are the same first, then those that are told apart alike. */
function pairsOf(a: readonly Meant[], b: readonly Meant[]): Pair[] {
  const names = [...new Set([...a, ...b].map(({ name }) => name))].sort();
  return names.flatMap((name): Pair[] => {
    const [left, right] = [a.filter((one) => one.name === name), b.filter((one) => one.name === name)];
    const head = left.findIndex((one, at) => !right[at] || !isSame(one, right[at]));
    const same = head === -1 ? left.length : head;
    const pairs = left.slice(0, same).map((one, at): Pair => [one, right[at]]);
    const rest = right.slice(same);
    for (const one of left.slice(same)) {
      const found = rest.findIndex((other) => keyOf(other) === keyOf(one));
      pairs.push([one, found === -1 ? undefined : rest.splice(found, 1)[0]]);
    }
    return [...pairs, ...rest.map((one): Pair => [undefined, one])];
  });
}

const KEYS = new Set(['vcpu', 'iothread', 'cellid', 'id', 'index', 'name', 'type', 'device']);

const keyOf = ({ attributes }: Meant): string =>
  attributes
    .filter(([name]) => KEYS.has(name))
    .map((pair) => pair.join('='))
    .join(' ');

const tagOf = ({ name, attributes, text, children }: Meant): string => {
  const own = attributes.map(([key, value]) => ` ${key}='${key === 'passwd' ? '***' : value}'`).join('');
  if (text !== '') return `<${name}${own}>${name === 'cookie' ? '***' : text}</${name}>`;
  return `<${name}${own}${children.length === 0 ? '/' : ''}>`;
};

const linesOf = (meant: Meant, indent: string): string[] => [
  indent + tagOf(meant),
  ...meant.children.flatMap((child) => linesOf(child, `${indent}  `)),
];
