import { escapeField, unescapeField } from './octal.ts';
import { sameOptions } from './options.ts';

/** A line of fstab. */
export interface Entry {
  readonly src: string;
  readonly path: string;
  readonly fstype: string;
  readonly opts: string;
  readonly dump: number;
  readonly passno: number;
}

interface Line {
  readonly at: number;
  readonly entry: Entry;
}

const withoutSlash = (path: string): string => path.replace(/(?<=.)\/+$/, '');

function parseLine(line: string): Entry | undefined {
  const [src, path, fstype, opts, dump, passno] = line.trim().split(/[ \t]+/);
  if (src === undefined || src === '' || src.startsWith('#') || path === undefined || fstype === undefined)
    return undefined;
  return {
    src: unescapeField(src),
    path: withoutSlash(unescapeField(path)),
    fstype,
    opts: unescapeField(opts ?? 'defaults'),
    dump: Number(dump ?? 0) || 0,
    passno: Number(passno ?? 0) || 0,
  };
}

/** The lines that say what is mounted at a path. */
export function entriesFor(text: string, path: string): readonly Line[] {
  return text.split('\n').flatMap((line, at) => {
    const entry = parseLine(line);
    return entry?.path === path ? [{ at, entry }] : [];
  });
}

/** `UUID="…"`, `UUID=…` and `/dev/disk/by-uuid/…` are the same. */
export const sameSource = (a: string, b: string): boolean => devicePath(a) === devicePath(b);

/** The path by which udev names what a tag stands for; all else as it is. Source: util-linux, libblkid/src/encode.c. */
export function devicePath(src: string): string {
  const [, tag, quoted = ''] = /^(UUID|LABEL|PARTUUID|PARTLABEL|ID)=(.*)$/s.exec(src) ?? [];
  if (tag === undefined) return withoutSlash(src);
  const value = quoted.replace(/^"(.*)"$|^'(.*)'$/s, '$1$2');
  const name = value.replaceAll(/[^\w#+\-.:=@\u0080-\uffff]/g, (one) => `\\x${one.charCodeAt(0).toString(16)}`);
  return `/dev/disk/by-${tag.toLowerCase()}/${name}`;
}

/** What of a line is not as asked. */
export const differences = (is: Entry, asked: Entry): (keyof Entry)[] =>
  (['src', 'fstype', 'opts', 'dump', 'passno'] as const).filter((name) => {
    if (name === 'src') return !sameSource(is.src, asked.src);
    return name === 'opts' ? !sameOptions(is.opts, asked.opts) : is[name] !== asked[name];
  });

/** The text with that line saying what is asked: what of it says so already stays as it is written, and so does every other line. */
export function withEntry(text: string, line: Line | undefined, asked: Entry): string {
  if (!line) return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${printEntry(asked)}\n`;
  const lines = text.split('\n');
  const changed = differences(line.entry, asked);
  // Fields and what is between them, by turns.
  const parts = (lines[line.at] ?? '').split(/([ \t]+)/);
  const first = parts[0] === '' ? 2 : 0;
  const order = ['src', 'path', 'fstype', 'opts', 'dump', 'passno'] as const;
  for (const [nth, name] of order.entries()) {
    const at = first + nth * 2;
    const missing = parts[at] === undefined || parts[at] === '';
    if (!missing && (name === 'path' || !changed.includes(name))) continue;
    if (missing && !order.slice(nth).some((later) => changed.includes(later as never))) break;
    if (missing && parts[at - 1] === undefined) parts[at - 1] = ' ';
    parts[at] = escapeField(String(asked[name]));
  }
  lines[line.at] = parts.join('');
  return lines.join('\n');
}

export const withoutEntries = (text: string, gone: readonly Line[]): string =>
  text
    .split('\n')
    .filter((_, at) => !gone.some((line) => line.at === at))
    .join('\n');

const printEntry = ({ src, path, fstype, opts, dump, passno }: Entry): string =>
  [escapeField(src), escapeField(path), fstype, escapeField(opts), dump, passno].join(' ');
