import { type Argument, type Cmdline, printArgument, sameName, sameValue } from './cmdline.ts';
import { formatKib, parseKib } from './size.ts';

/** How a command line comes to say what is wished: arguments replaced or taken out where they stand, and others added. */
export interface Rewording {
  /** By an argument's place in the line; undefined takes it out. */
  readonly instead: ReadonlyMap<number, string | undefined>;
  readonly added: readonly string[];
}

/** Something that a command line shall say. What it already says of it, in whatever words, is left as it is. */
export type Wish = (line: Cmdline) => Rewording;

const NOTHING: Rewording = { instead: new Map(), added: [] };

const placesOf = ({ args }: Cmdline, fits: (arg: Argument) => boolean): number[] =>
  args.flatMap((arg, at) => (fits(arg) ? [at] : []));

/** The argument, once for each value and in their order; undefined is the bare word. */
export const setArgument =
  (name: string, values: readonly (string | undefined)[]): Wish =>
  (line) => {
    const places = placesOf(line, (arg) => sameName(arg.name, name));
    const right = (at: number, nth: number) => sameValue(name, line.args[at]?.value, values[nth]);
    if (places.length === values.length && places.every(right)) return NOTHING;
    const wrong = places.filter((at, nth) => nth >= values.length || !right(at, nth));
    const print = (nth: number) => (nth < values.length ? printArgument(name, values[nth]) : undefined);
    return {
      instead: new Map(wrong.map((at) => [at, print(places.indexOf(at))])),
      added: values.slice(places.length).map((value) => printArgument(name, value)),
    };
  };

/** The argument with this value, beside what it is given else. */
export const addArgument =
  (name: string, value: string | undefined): Wish =>
  ({ args }) => {
    const there = args.some((arg) => sameName(arg.name, name) && sameValue(name, arg.value, value));
    return there ? NOTHING : { instead: new Map(), added: [printArgument(name, value)] };
  };

/** No such argument, or none of that value. */
export const dropArgument =
  (name: string, value?: string): Wish =>
  (line) => {
    const places = placesOf(
      line,
      (arg) => sameName(arg.name, name) && (value === undefined || sameValue(name, arg.value, value)),
    );
    return { instead: new Map(places.map((at) => [at, undefined])), added: [] };
  };

/** Pages by node, as `hugepages=` takes them: `0:8,1:8`. Kernel 5.17 and later. */
export const printNodes = (nodes: Readonly<Record<string, number>>): string =>
  Object.entries(nodes)
    .map(([node, count]) => `${node}:${count}`)
    .join(',');

/**
 * `hugepagesz=1G hugepages=8`: a count is of the size that was named last, or of the default size where none was. A count by
 * node (`0:8,1:8`) is one too. Source: Documentation/admin-guide/mm/hugetlbpage.rst.
 */
export const setHugePages =
  (kib: number, count: string): Wish =>
  (line) => {
    let size = sizeIn(line.args.find(({ name }) => sameName(name, 'default_hugepagesz'))) ?? 2048;
    let named: number | undefined;
    const counts: number[] = [];
    for (const [at, arg] of line.args.entries()) {
      if (sameName(arg.name, 'hugepagesz')) {
        size = sizeIn(arg) ?? 0;
        if (size === kib) named = at;
      }
      if (sameName(arg.name, 'hugepages') && size === kib) counts.push(at);
    }
    const text = `hugepages=${count}`;
    const [first, ...more] = counts;
    if (first === undefined && named === undefined)
      return { instead: new Map(), added: [`hugepagesz=${formatKib(kib)}`, text] };
    if (first === undefined && named !== undefined) {
      const own = line.args[named];
      return { instead: new Map([[named, `${printArgument(own?.name ?? '', own?.value)} ${text}`]]), added: [] };
    }
    const wrong = line.args[first ?? -1]?.value === count ? [] : [[first ?? -1, text] as const];
    const gone = more.flatMap((at) => (sameName(line.args[at - 1]?.name ?? '', 'hugepagesz') ? [at - 1, at] : [at]));
    return { instead: new Map([...wrong, ...gone.map((at) => [at, undefined] as const)]), added: [] };
  };

function sizeIn(arg: Argument | undefined): number | undefined {
  try {
    return arg?.value === undefined ? undefined : parseKib(arg.value);
  } catch {
    return undefined;
  }
}

/** All wishes at once: each is of other arguments. */
export function reword(line: Cmdline, wishes: readonly Wish[]): Rewording {
  const all = wishes.map((wish) => wish(line));
  return {
    instead: new Map(all.flatMap(({ instead }) => [...instead])),
    added: all.flatMap(({ added }) => added),
  };
}

export const isGranted = ({ instead, added }: Rewording): boolean => instead.size === 0 && added.length === 0;
