/** What a template can call. A `RangeError` thrown by one is the user's mistake and is shown at the call. */
interface Helper {
  readonly usage: string;
  readonly summary: string;
  readonly run: (values: readonly unknown[]) => unknown;
  /** Arguments that may be undefined variables. */
  readonly optional?: readonly number[];
}

const HELPERS: Readonly<Record<string, Helper>> = {
  default: {
    usage: '{{default name "otherwise"}}',
    summary: 'The value, or the second one where the variable is not defined or null.',
    run: ([value, otherwise]) => value ?? otherwise,
    optional: [0],
  },
  join: {
    usage: '{{join list ","}}',
    summary: 'A list as text, with the separator (default: comma) between its items.',
    run: ([list, separator]) => listOf(list).join(typeof separator === 'string' ? separator : ','),
  },
  length: {
    usage: '{{length list}}',
    summary: 'How many items a list or map has, or characters a text.',
    run: ([value]) => (typeof value === 'string' ? value.length : Object.keys(value as object).length),
  },
  upper: { usage: '{{upper text}}', summary: 'In capitals.', run: ([text]) => String(text).toUpperCase() },
  lower: { usage: '{{lower text}}', summary: 'In small letters.', run: ([text]) => String(text).toLowerCase() },
  json: { usage: '{{json value}}', summary: 'The value as JSON.', run: ([value]) => JSON.stringify(value) },
  eq: { usage: '{{#if (eq a b)}}', summary: 'Whether two values are the same.', run: ([a, b]) => a === b },
  ne: { usage: '{{#if (ne a b)}}', summary: 'Whether two values differ.', run: ([a, b]) => a !== b },
  not: { usage: '{{#if (not a)}}', summary: 'Whether a value is false.', run: ([value]) => !value },
  and: { usage: '{{#if (and a b)}}', summary: 'Whether all are true.', run: (values) => values.every(Boolean) },
  or: { usage: '{{#if (or a b)}}', summary: 'Whether one is true.', run: (values) => values.some(Boolean) },
  add: { usage: '{{add a b}}', summary: 'The sum.', run: (values) => values.map(numberOf).reduce((a, b) => a + b, 0) },
  sub: { usage: '{{sub a b}}', summary: 'The difference.', run: ([a, b]) => numberOf(a) - numberOf(b) },
  mul: {
    usage: '{{mul a b}}',
    summary: 'The product.',
    run: (values) => values.map(numberOf).reduce((a, b) => a * b, 1),
  },
};

export const helperNames = (): readonly string[] => Object.keys(HELPERS);
export const findHelper = (name: string): Helper | undefined =>
  Object.hasOwn(HELPERS, name) ? HELPERS[name] : undefined;

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new RangeError(`takes a list, and this is ${JSON.stringify(value)}`);
  return value;
}

function numberOf(value: unknown): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number))
    throw new RangeError(`takes numbers, and this is ${JSON.stringify(value)}`);
  return number;
}
