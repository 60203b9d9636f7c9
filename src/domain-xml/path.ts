import { attributeOf, type Element } from './element.ts';

/** A way down from an element: `cputune/vcpupin[vcpu=0]/@cpuset`. */
export interface Path {
  readonly steps: readonly Step[];
  /** What it ends at; an element's own text where there is none. */
  readonly attribute: string | undefined;
}

export interface Step {
  readonly name: string;
  /** The attributes by which it is told from its like; it is made with them, too. */
  readonly where: Readonly<Record<string, string>>;
}

const STEP = /^([^[\]@/]+)((?:\[[^[\]=]+=[^[\]]*\])*)$/;

/** The empty path is the element itself. Throws for what is no path: those that modules write are constants. */
export function parsePath(path: string): Path {
  if (path === '') return { steps: [], attribute: undefined };
  const parts = path.split(/\/(?![^[]*\])/);
  const attribute = parts.at(-1)?.startsWith('@') ? parts.pop()?.slice(1) : undefined;
  const steps = parts.map((part): Step => {
    const [, name, keys = ''] = STEP.exec(part) ?? [];
    if (name === undefined) throw new Error(`"${path}" is no path to an element or attribute`);
    return { name, where: Object.fromEntries([...keys.matchAll(/\[([^=]+)=([^\]]*)\]/g)].map(([, k, v]) => [k, v])) };
  });
  return { steps, attribute };
}

export const fits = (element: Element, { name, where }: Step): boolean =>
  element.name === name && Object.entries(where).every(([key, value]) => attributeOf(element, key) === value);

/** The first element at the end of the steps, or undefined. */
export const walk = (from: Element, steps: readonly Step[]): Element | undefined =>
  steps.reduce<Element | undefined>((at, step) => at?.children.find((child) => fits(child, step)), from);

/** What stands at the end of a path: an attribute's value, or an element's text without white space around it. */
export function valueAt(from: Element, path: string): string | undefined {
  const { steps, attribute } = parsePath(path);
  const element = walk(from, steps);
  if (!element) return undefined;
  return attribute === undefined ? element.text.trim() : attributeOf(element, attribute);
}
