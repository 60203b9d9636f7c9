import { escapeField, unescapeField } from './octal.ts';
import { lacks, sameOptions } from './options.ts';

/** A line of /proc/self/mountinfo. Source: proc(5). */
export interface Mounted {
  /** `8:1`. */
  readonly device: string;
  /** The directory of the file system that is mounted: other than `/` of bind mounts and subvolumes. */
  readonly root: string;
  readonly path: string;
  /** Of this mount, then of its file system: with commas between. */
  readonly own: string;
  readonly type: string;
  readonly source: string;
  readonly options: string;
  /** It was foretold, and never shown by a kernel: `own` is what was asked. */
  readonly foretold: boolean;
}

export const parseMounts = (text: string): Mounted[] => text.split('\n').flatMap((line) => parseMount(line) ?? []);

function parseMount(line: string): Mounted | undefined {
  const [, , device, root, path, own, ...rest] = line.split(' ');
  const dash = rest.indexOf('-');
  const [type, source, options] = rest.slice(dash + 1);
  if (dash < 0 || device === undefined || root === undefined || path === undefined || type === undefined)
    return undefined;
  return {
    device,
    root: unescapeField(root),
    path: unescapeField(path),
    own: own ?? '',
    type,
    source: unescapeField(source ?? ''),
    options: options ?? '',
    foretold: rest.slice(0, dash).includes(FORETOLD),
  };
}

/** Stands where the kernel names peer groups. */
const FORETOLD = 'kvmplay:foretold';

/** What the kernel is going to show of it, as far as can be told. */
export const printForetold = (mount: Pick<Mounted, 'root' | 'path' | 'type' | 'source'>, asked: string): string =>
  `0 0 0:0 ${escapeField(mount.root)} ${escapeField(mount.path)} ${asked || 'rw'} ${FORETOLD} - ${mount.type} ${escapeField(mount.source)} rw\n`;

/** An extended regular expression for the lines of what is mounted at a path, one over the other. */
export const mountedAt = (path: string): string =>
  `^([^ ]+ ){4}${escapeField(path).replaceAll(/[\\.[\](){}*+?^$|]/g, '\\$&')} `;

/** All that holds for it, as mount is told: it can be read-only by itself, or since its file system is. */
export const shownOptions = ({ own, options, foretold }: Mounted): string =>
  foretold ? own : `${options},${own.replace(/(^|,)rw(?=,|$)/, '$1')}`;

/** Whether this type of file system is what was asked for. */
export const sameType = (asked: string, shown: string): boolean =>
  asked
    .split(',')
    .some((one) => ['auto', 'none', shown].includes(one) || shown === `fuse.${one}` || shown === `${one}4`);

/** Whether two looks at what is mounted at a path show the same. */
export function sameMounts(a: string, b: string): boolean {
  const [one, other] = [parseMounts(a), parseMounts(b)];
  return one.length === other.length && one.every((mount, at) => other[at] !== undefined && alike(mount, other[at]));
}

function alike(a: Mounted, b: Mounted): boolean {
  if (b.foretold && !a.foretold) return alike(b, a);
  if (a.foretold && !b.foretold)
    return (
      sameType(a.type, b.type) &&
      (a.root === '/' || a.root === b.root) &&
      lacks(a.own, shownOptions(b), b.type).length === 0
    );
  const same = a.type === b.type && a.root === b.root && a.source === b.source;
  return same && sameOptions(shownOptions(a), shownOptions(b));
}

/** The innermost mount that a path is on. */
export function mountOf(path: string, mounts: readonly Mounted[]): Mounted | undefined {
  const holds = (one: Mounted) => path === one.path || path.startsWith(one.path === '/' ? '/' : `${one.path}/`);
  return mounts
    .filter(holds)
    .reduce<Mounted | undefined>(
      (best, one) => (best === undefined || one.path.length >= best.path.length ? one : best),
      undefined,
    );
}

/** What a bind mount of this directory shows as its root. */
export function rootOf(path: string, on: Mounted): string {
  const below = path.slice(on.path === '/' ? 0 : on.path.length);
  return `${on.root === '/' ? '' : on.root}${below}`.replace(/\/+$/, '') || '/';
}
