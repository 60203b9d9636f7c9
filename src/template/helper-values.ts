import { RE2JS, RE2JSException } from 're2js';

/** As Handlebars has it: nothing, false, 0, the empty text and the empty list are false. */
export const truthy = (value: unknown): boolean => (Array.isArray(value) ? value.length > 0 : Boolean(value));

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
};
const refuse = (wanted: string, value: unknown): never => {
  throw new RangeError(`takes ${wanted}, and this is ${shown(value)}`);
};

export function numberOf(value: unknown): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : refuse('numbers', value);
}

export function notZero(value: number): number {
  if (value === 0) throw new RangeError('cannot divide by zero');
  return value;
}

export function divide(a: number, b: number): number {
  const quotient = a / notZero(b);
  return Number.isInteger(a) && Number.isInteger(b) ? Math.floor(quotient) : quotient;
}

/** Of a list, or of several values. */
export function numbersOf(values: readonly unknown[]): readonly number[] {
  const [only, ...rest] = values;
  const all = rest.length === 0 && Array.isArray(only) ? only : values;
  return all.length > 0 ? all.map(numberOf) : refuse('at least one number', all);
}

/** As Ansible's `bool` has it: also for the texts that are true in YAML 1.1 and in an INI inventory. */
export const isYes = (value: unknown): boolean =>
  typeof value === 'string' ? /^(?:yes|on|1|true)$/i.test(value) : value === true || value === 1;

export function textOf(value: unknown): string {
  if (typeof value === 'object' || typeof value === 'symbol' || value === undefined) return refuse('a text', value);
  return String(value);
}

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : refuse('a list', value));

export function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('a mapping', value);
  return value as Record<string, unknown>;
}

/** Lists and mappings are the same when they hold the same. */
export const same = (a: unknown, b: unknown): boolean =>
  a === b || (typeof a === 'object' && JSON.stringify(a) === JSON.stringify(b));

export function contains(item: unknown, of: unknown): boolean {
  if (Array.isArray(of)) return of.some((one) => same(one, item));
  return typeof of === 'string' ? of.includes(textOf(item)) : Object.hasOwn(mapOf(of), textOf(item));
}

export const uniqueOf = (list: readonly unknown[]): unknown[] =>
  list.filter((one, index) => list.findIndex((other) => same(one, other)) === index);

/** Whether a mapping has this value, or else something true, under a key. */
export function hasField(one: unknown, [key, ...wanted]: readonly unknown[]): boolean {
  const map = mapOf(one);
  const value = Object.hasOwn(map, textOf(key)) ? map[textOf(key)] : undefined;
  return wanted.length > 0 ? value !== undefined && same(value, wanted[0]) : truthy(value);
}

export function pairsOf(values: readonly unknown[]): Readonly<Record<string, unknown>> {
  if (values.length % 2 !== 0) throw new RangeError('takes a value for each key');
  const keys = values.filter((_, index) => index % 2 === 0).map(textOf);
  return Object.fromEntries(keys.map((key, index) => [key, values[index * 2 + 1]]));
}

export function lengthOf(value: unknown): number {
  if (typeof value === 'string') return [...value].length;
  return Array.isArray(value) ? value.length : Object.keys(mapOf(value)).length;
}

export function itemOf(value: unknown, index: number): unknown {
  const list = listOf(value);
  return list.length > 0 ? list.at(index) : refuse('a list with at least one item', value);
}

const MAX_RANGE = 100_000;

/** As Python's `range()`: up to a number; from one up to another; in steps. */
export function rangeOf(numbers: readonly number[]): number[] {
  const [from = 0, to = 0, step = 1] = numbers.length === 1 ? [0, ...numbers] : numbers;
  if (![from, to, step].every(Number.isInteger) || step === 0)
    return refuse('whole numbers, and no step of 0', numbers);
  const length = Math.max(0, Math.ceil((to - from) / step));
  if (length > MAX_RANGE) throw new RangeError(`gives no more than ${MAX_RANGE} numbers`);
  return Array.from({ length }, (_, index) => from + index * step);
}

export function sorted(list: readonly unknown[]): unknown[] {
  if (list.every((one) => typeof one === 'number')) return [...list].sort((a, b) => a - b);
  return list.map(textOf).sort((a, b) => (a < b ? -1 : Number(a > b)));
}

export function under(of: unknown, key: unknown): unknown {
  const from = Array.isArray(of) ? of : mapOf(of);
  if (!Object.hasOwn(from, textOf(key))) throw new RangeError(`there is nothing under ${shown(key)}`);
  return (from as Readonly<Record<string, unknown>>)[textOf(key)];
}

/** Quoted for a POSIX shell. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;

export function patternOf(pattern: unknown): RE2JS {
  try {
    return RE2JS.compile(textOf(pattern));
  } catch (error) {
    if (error instanceof RE2JSException) throw new RangeError(`this pattern cannot be read: ${error.message}`);
    throw error;
  }
}

export function foundIn(text: string, pattern: RE2JS): string {
  const matcher = pattern.matcher(text);
  return matcher.find() ? (matcher.group() ?? '') : '';
}

export function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RangeError(`cannot be read: ${(error as Error).message}`);
  }
}

export function indented(text: string, width: number): string {
  if (width < 0 || width > 100) throw new RangeError('indents by 0 to 100 spaces');
  return text.replaceAll('\n', `\n${' '.repeat(width)}`);
}
