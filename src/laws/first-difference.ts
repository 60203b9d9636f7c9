import { isDeepStrictEqual } from 'node:util';

export interface Difference {
  /** `changes[0].summary`; empty where they differ as wholes. */
  readonly path: string;
  readonly expected: string;
  readonly found: string;
}

/** The first place in which two values are not the same, each as text. */
export function firstDifference(expected: unknown, found: unknown, path = ''): Difference {
  if (isContainer(expected) && isContainer(found) && Array.isArray(expected) === Array.isArray(found)) {
    const [a, b] = [expected as Record<string, unknown>, found as Record<string, unknown>];
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      if (Object.hasOwn(a, key) === Object.hasOwn(b, key) && isDeepStrictEqual(a[key], b[key])) continue;
      return firstDifference(
        a[key],
        b[key],
        Array.isArray(expected) ? `${path}[${key}]` : `${path}${path && '.'}${key}`,
      );
    }
  }
  return { path, expected: shown(expected), found: shown(found) };
}

const isContainer = (value: unknown): boolean =>
  Array.isArray(value) || (typeof value === 'object' && value?.constructor === Object);

const LONGEST = 300;

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value instanceof Date) return `the Date ${value.toJSON()}`;
  if (value instanceof Error) return `the ${value.name} "${value.message}"`;
  const text = JSON.stringify(value) ?? `a ${typeof value}`;
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
