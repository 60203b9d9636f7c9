import { formatCpuSet, Problem, parseCpuSet } from '../contract/index.ts';
import { attributeOf, type Element, type Xml } from './element.ts';

/** An element as it is meant: attributes by name, sizes in bytes, CPU sets in the kernel's form, no remarks, no white space. */
export interface Meant {
  readonly name: string;
  readonly attributes: readonly (readonly [string, string])[];
  readonly text: string;
  readonly children: readonly Meant[];
}

const BYTES: Readonly<Record<string, number>> = {
  b: 1,
  bytes: 1,
  kb: 1e3,
  k: 2 ** 10,
  kib: 2 ** 10,
  mb: 1e6,
  m: 2 ** 20,
  mib: 2 ** 20,
  gb: 1e9,
  g: 2 ** 30,
  gib: 2 ** 30,
  tb: 1e12,
  t: 2 ** 40,
  tib: 2 ** 40,
};
/** Elements that hold a size as their text, in KiB where no unit is said. */
const SIZES = new Set(
  'memory currentMemory maxMemory hard_limit soft_limit swap_hard_limit min_guarantee size requested block current'.split(
    ' ',
  ),
);
/** Attributes that hold a size, in KiB where no unit is said. */
const SIZE_ATTRIBUTES = new Set(['page size', 'cell memory', 'bank size', 'cache size', 'node bandwidth']);
const CPU_SETS = new Set(['cpuset', 'nodeset', 'cpus', 'vcpus']);
/** What it is when nothing is said, by element and attribute. */
const DEFAULTS = new Set(['vcpu placement=static', 'topology dies=1', 'topology clusters=1', 'memory dumpCore=on']);

/** What an element means. What libvirt adds to a running guest's XML, and only there, means nothing. */
export function meaningOf(element: Element): Meant {
  const own = element.attributes
    .flatMap(({ name }) => {
      const value = plainAttribute(element, name);
      return value === undefined ? [] : [[name, value] as const];
    })
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const children = element.children.filter((child) => !isRunning(child)).map(meaningOf);
  // Of different elements the order says nothing; of like ones it may.
  children.sort((a, b) => (a.name === b.name ? 0 : a.name < b.name ? -1 : 1));
  return { name: element.name, attributes: own, text: plainText(element), children };
}

/** An attribute's value in one form of many; undefined where it says nothing: a default, a unit, what only a running guest has. */
export function plainAttribute(element: Element, name: string): string | undefined {
  const value = attributeOf(element, name);
  if (value === undefined || isNoise(element, name)) return undefined;
  const plain = plainValue(element, name, value, attributeOf(element, 'unit'));
  return DEFAULTS.has(`${element.name} ${name}=${plain}`) ? undefined : plain;
}

/** An element's own text in one form of many: sizes in bytes. */
export function plainText(element: Element): string {
  const text = element.text.trim();
  return SIZES.has(element.name) ? size(text, attributeOf(element, 'unit')) : text;
}

/** Whether two texts say the same of a guest. */
export const sameMeaning = (a: Xml, b: Xml): boolean => isSame(meaningOf(a.root), meaningOf(b.root));

export const isSame = (a: Meant, b: Meant): boolean =>
  a.name === b.name &&
  a.text === b.text &&
  a.attributes.length === b.attributes.length &&
  a.children.length === b.children.length &&
  a.attributes.every(([name, value], at) => b.attributes[at]?.[0] === name && b.attributes[at]?.[1] === value) &&
  a.children.every((child, at) => {
    const other = b.children[at];
    return other !== undefined && isSame(child, other);
  });

/** Whether an element says all that another one says, and perhaps more. */
export const says = (element: Element, wanted: Element): boolean => covers(meaningOf(element), meaningOf(wanted));

function covers(all: Meant, part: Meant): boolean {
  const left = [...all.children];
  return (
    all.name === part.name &&
    (part.text === '' || part.text === all.text) &&
    part.attributes.every(([name, value]) => all.attributes.some(([key, now]) => key === name && now === value)) &&
    part.children.every((child) => {
      const at = left.findIndex((one) => covers(one, child));
      return at >= 0 && left.splice(at, 1).length === 1;
    })
  );
}

function isNoise({ name: element }: Element, name: string): boolean {
  if (name === 'unit') return SIZES.has(element) || [...SIZE_ATTRIBUTES].some((one) => one.startsWith(`${element} `));
  return (element === 'domain' && name === 'id') || (element === 'source' && name === 'index');
}

/** Elements that only a running guest has. A user's own alias begins with `ua-`. */
function isRunning(element: Element): boolean {
  if (element.name === 'alias') return attributeOf(element, 'name')?.startsWith('ua-') !== true;
  return element.name === 'backingStore' && element.attributes.length === 0 && element.children.length === 0;
}

/** Parts of addresses, which libvirt fills up with zeros. */
const HEX = /^0x[0-9a-f]{1,16}$/i;

function plainValue(element: Element, name: string, value: string, unit: string | undefined): string {
  if (SIZE_ATTRIBUTES.has(`${element.name} ${name}`)) return size(value, unit);
  if (CPU_SETS.has(name)) return plainCpus(value);
  return HEX.test(value) ? `0x${BigInt(value).toString(16)}` : value;
}

/** A list of CPUs or nodes in the kernel's form; what is none as it stands. */
function plainCpus(list: string): string {
  try {
    return formatCpuSet(parseCpuSet(list));
  } catch (error) {
    if (error instanceof Problem) return list;
    throw error;
  }
}

/** Whether two lists have the same CPUs or nodes. */
export const sameList = (a: string, b: string): boolean => plainCpus(a) === plainCpus(b);

function size(text: string, unit?: string): string {
  const bytes = bytesIn(text, unit);
  return bytes === undefined ? text : `${bytes} bytes`;
}

/** A number of some unit in bytes; undefined where it is no number, or libvirt knows no such unit. */
export function bytesIn(digits: string, unit = 'KiB'): bigint | undefined {
  const factor = BYTES[unit.toLowerCase()];
  return factor === undefined || !/^\d+$/.test(digits) ? undefined : BigInt(digits) * BigInt(factor);
}
