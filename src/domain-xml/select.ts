import type { Element } from './element.ts';
import { valueAt } from './path.ts';

/** A path as users write it: `devices/disk[target/@dev=vda]/driver/@cache`, `cputune/vcpupin[2]`. */
export interface Selector {
  readonly steps: readonly SelectorStep[];
  /** What it ends at; the element where there is none. */
  readonly attribute: string | undefined;
}

interface SelectorStep {
  readonly name: string;
  readonly tests: readonly Test[];
}

/** `[@dev=vda]`, `[target/@dev=vda]`, `[alias]`, `[2]` (counted from 1). */
type Test =
  | { readonly is: 'value'; readonly path: string; readonly value: string | undefined }
  | { readonly is: 'place'; readonly place: number };

const NAME = String.raw`(?:[\w.-]+:)?[\w.-]+`;
const INNER = new RegExp(`^((?:${NAME}/)*(?:@${NAME}|${NAME}))(?:=(?:"([^"]*)"|'([^']*)'|([^"'\\]]*)))?$`);
const STEP = new RegExp(`^(${NAME})((?:\\[(?:"[^"]*"|'[^']*'|[^\\]"'])*\\])*)(?:/|$)`);

/** Throws `RangeError` with what is wrong, in words. */
export function parseSelector(path: string): Selector {
  const steps: SelectorStep[] = [];
  let rest = path.replace(/^\/?(domain\/)?/, '');
  while (rest !== '') {
    const [, attribute] = new RegExp(`^@(${NAME})$`).exec(rest) ?? [];
    if (attribute !== undefined) return { steps, attribute };
    const [whole, name, tests = ''] = STEP.exec(rest) ?? [];
    if (whole === undefined || name === undefined)
      throw new RangeError(
        `"${rest}" is no way to an element: write names between slashes, [@name=value] to choose, @name at the end`,
      );
    steps.push({
      name,
      tests: [...tests.matchAll(/\[((?:"[^"]*"|'[^']*'|[^\]"'])*)\]/g)].map(([, test = '']) => parseTest(test)),
    });
    rest = rest.slice(whole.length);
  }
  return { steps, attribute: undefined };
}

function parseTest(test: string): Test {
  if (/^[1-9]\d*$/.test(test)) return { is: 'place', place: Number(test) };
  const [, path, double, single, plain] = INNER.exec(test.trim()) ?? [];
  if (path === undefined)
    throw new RangeError(`"[${test}]" chooses nothing: write [@name=value], [child/@name=value] or [2]`);
  return { is: 'value', path, value: double ?? single ?? plain };
}

/** All elements that the steps lead to. */
export const select = (from: Element, steps: readonly SelectorStep[]): readonly Element[] =>
  steps.reduce<readonly Element[]>((at, step) => at.flatMap((one) => chosen(one, step)), [from]);

function chosen(parent: Element, { name, tests }: SelectorStep): readonly Element[] {
  return tests.reduce<readonly Element[]>(
    (left, test) =>
      test.is === 'place'
        ? left.slice(test.place - 1, test.place)
        : left.filter((one) => {
            const now = valueAt(one, test.path);
            return test.value === undefined ? now !== undefined : now === test.value;
          }),
    parent.children.filter((child) => child.name === name),
  );
}

/**
 * Where to make what is not there yet: the elements that are there as far as the steps lead, and the rest as a path that
 * can be made; undefined where a step chooses by what only an element that is there has.
 */
export function groundFor(
  from: Element,
  { steps, attribute }: Selector,
): readonly { at: Element; path: string }[] | undefined {
  let at: readonly Element[] = [from];
  for (const [index, step] of steps.entries()) {
    const next = at.flatMap((one) => chosen(one, step));
    if (next.length > 0) {
      at = next;
      continue;
    }
    const rest = steps.slice(index).map(makeable);
    if (rest.includes(undefined)) return undefined;
    const path = [...rest, ...(attribute === undefined ? [] : [`@${attribute}`])].join('/');
    return at.map((one) => ({ at: one, path }));
  }
  return at.map((one) => ({ at: one, path: attribute === undefined ? '' : `@${attribute}` }));
}

/** Devices of which one attribute or child makes none that libvirt would take. */
const WHOLE = new Set(['disk', 'interface', 'hostdev', 'filesystem']);

function makeable({ name, tests }: SelectorStep): string | undefined {
  if (WHOLE.has(name)) return undefined;
  const keys = tests.map((test) =>
    test.is === 'value' && test.value !== undefined && /^@[^/]+$/.test(test.path) && !/[\][]/.test(test.value)
      ? `[${test.path.slice(1)}=${test.value}]`
      : undefined,
  );
  return keys.includes(undefined) ? undefined : name + keys.join('');
}
