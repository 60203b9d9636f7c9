import type { Action, Base64 } from '../action.ts';
import type { Change } from '../change.ts';
import { sha256Of } from '../digest.ts';
import type { Source } from '../module.ts';
import { digest, file, type Probe, type Probes, stat } from '../probe.ts';
import { Problem } from '../problem.ts';
import { type Reading, type Stat, text, unknown } from '../reading.ts';
import type { Seen } from '../seen.ts';
import { modeOf } from './mode.ts';
import { linkName, parentOf, statName } from './place.ts';

/** Mode (octal or symbols), owner and group, as far as they are asked for. */
export interface Attributes {
  readonly mode?: string | undefined;
  readonly owner?: string | undefined;
  readonly group?: string | undefined;
}

/** A regular file that shall be there. */
export interface WantedFile extends Attributes {
  /** Where it is, links followed; or the link itself, which it then replaces. */
  readonly path: string;
  readonly content: string | Base64 | Source;
  readonly backup?: boolean | undefined;
  readonly validate?: readonly string[] | undefined;
}

export const contentName = (path: string): string => `content of ${path}`;

/** Content that is sent as it is; of what is streamed undefined. */
const bytesOf = (content: WantedFile['content']): string | Base64 | undefined =>
  typeof content === 'string' || 'base64' in content ? content : content.content;

export const isStreamed = (content: WantedFile['content']): boolean => bytesOf(content) === undefined;

const contentProbe = (path: string, content: WantedFile['content']): Probe =>
  isStreamed(content) ? digest(path) : file(path);

const sumName = (path: string): string => `checksum of ${path}`;
const isTooLarge = (before: Reading): boolean => before.is === 'refused' && before.why.startsWith('more than ');

/** What to read to know whether a file has this content. */
export function contentProbes(path: string, content: WantedFile['content'], seen: Seen): Probes {
  const name = contentName(path);
  const summed = isStreamed(content) || (seen.has(name) && isTooLarge(seen.raw(name)));
  return { [name]: contentProbe(path, content), ...(summed && { [sumName(path)]: digest(path) }) };
}

const reading = (content: string | Base64): Reading =>
  typeof content === 'string' ? text(content) : { is: 'bytes', base64: content.base64 };

const sizeOf = (content: string | Base64): number =>
  typeof content === 'string' ? Buffer.byteLength(content) : Buffer.from(content.base64, 'base64').length;

/** Where a file is kept before it is replaced: the same content has the same name. */
function backupOf(seen: Seen, path: string, before: Reading): string {
  const kept = before.is === 'text' ? before.text : before.is === 'bytes' ? Buffer.from(before.base64, 'base64') : '';
  const sum = seen.has(sumName(path)) ? seen.text(sumName(path)) : sha256Of(kept);
  return `${path}.${sum?.slice(0, 12)}~`;
}

/** What a file at this place will look like from outside. */
export function ownedBy(now: Stat | undefined, wanted: Attributes, directory = false): Omit<Stat, 'type' | 'size'> {
  const before = now?.mode ?? (directory ? '0755' : '0644');
  return {
    mode: wanted.mode === undefined ? before : modeOf(wanted.mode, before, directory),
    owner: wanted.owner ?? now?.owner ?? 'root',
    group: wanted.group ?? now?.group ?? 'root',
  };
}

const sameOwned = (a: Omit<Stat, 'type' | 'size'>, b: Omit<Stat, 'type' | 'size'>): boolean =>
  a.mode === b.mode && a.owner === b.owner && a.group === b.group;

const ownedWords = ({ mode, owner, group }: Omit<Stat, 'type' | 'size'>): string => `${mode} ${owner}:${group}`;

/** Mode, owner and group of what is there, or nothing where they are as asked. */
export function setAttributes(seen: Seen, path: string, now: Stat, wanted: Attributes): Change | undefined {
  const after = ownedBy(now, wanted, now.type === 'dir');
  const before = { mode: now.mode, owner: now.owner, group: now.group };
  if (sameOwned(before, after)) return undefined;
  return {
    target: stat(path),
    plane: 'persistent',
    summary: `${path}: ${ownedWords(before)} → ${ownedWords(after)}`,
    before: seen.raw(statName(path)),
    after: { is: 'stat', stat: { ...now, ...after } },
    do: [{ do: 'own', path, ...after }],
    undo: [{ do: 'own', path, ...before }],
    impact: 'none',
  };
}

/** Where the file was kept that was replaced, if one was. */
export interface FileChange {
  readonly changes: readonly Change[];
  readonly backupFile?: string;
}

/**
 * The change that makes a file be there with its content and attributes, in one step; or none. `seen` has its stat and its content.
 * Throws `Problem` NotAFile.
 */
export function writeFile(seen: Seen, wanted: WantedFile): FileChange {
  const { path, content } = wanted;
  const now = seen.stat(statName(path));
  if (now !== undefined && now.type !== 'file' && now.type !== 'link')
    throw new Problem('NotAFile', `${path} is ${now.type === 'dir' ? 'a directory' : 'no regular file'}`);
  if (now?.type === 'link') return replaceLink(seen, wanted);
  const before = seen.raw(contentName(path));
  if (before.is === 'unknown') seen.text(contentName(path));
  if (before.is === 'refused' && !isTooLarge(before))
    throw new Problem('Unreadable', `cannot read ${path}: ${before.why}`);
  const bytes = bytesOf(content);
  const next = bytes === undefined ? text((content as Source).sha256) : reading(bytes);
  if (now && sameContent(before, next)) {
    const owned = setAttributes(seen, path, now, wanted);
    return { changes: owned ? [owned] : [] };
  }
  const after = ownedBy(now, wanted);
  const backup = wanted.backup && now ? backupOf(seen, path, before) : undefined;
  const kept = now && { mode: now.mode, owner: now.owner, group: now.group };
  const change: Change = {
    target: contentProbe(path, content),
    plane: 'persistent',
    summary: `${path}: ${now ? 'other content' : 'not there'} → ${wordsOf(content)}${now && kept && !sameOwned(kept, after) ? `, ${ownedWords(after)}` : ''}`,
    before,
    after: next,
    do: [...(backup === undefined ? [] : [{ do: 'copy', from: path, path: backup } as const]), put(wanted, now)],
    undo: backTo(path, bytes === undefined ? undefined : before, kept, backup),
    impact: 'none',
    moves: movesOf(path, content, after),
    ...(now === undefined && { disturbs: [stat(path)] }),
  };
  return { changes: [change], ...(backup !== undefined && { backupFile: backup }) };
}

const sameContent = (a: Reading, b: Reading): boolean =>
  (a.is === 'text' && b.is === 'text' && a.text === b.text) ||
  (a.is === 'bytes' && b.is === 'bytes' && a.base64 === b.base64);

/** How a file's new content is named on a line. */
function wordsOf(content: WantedFile['content']): string {
  const bytes = bytesOf(content);
  const size = bytes === undefined ? (content as Source).size : sizeOf(bytes);
  return `${size} bytes`;
}

function put(wanted: WantedFile, now: Stat | undefined): Action {
  const { path, content, owner, group, validate } = wanted;
  const { mode } = ownedBy(now, wanted);
  const rest = {
    path,
    ...(wanted.mode !== undefined && { mode }),
    ...(owner !== undefined && { owner }),
    ...(group !== undefined && { group }),
    ...(validate && { validate }),
  };
  const bytes = bytesOf(content);
  if (bytes !== undefined) return { do: 'write', content: bytes, ...rest };
  const { path: from, sha256, size } = content as Source;
  return { do: 'upload', source: { path: from, sha256, size }, ...rest };
}

function backTo(
  path: string,
  before: Reading | undefined,
  kept: Omit<Stat, 'type' | 'size'> | undefined,
  backup: string | undefined,
): Change['undo'] {
  if (!kept) return [{ do: 'remove', path }];
  const gone: Action[] = backup === undefined ? [] : [{ do: 'remove', path: backup }];
  if (before?.is === 'text') return [{ do: 'write', path, content: before.text, ...kept }, ...gone];
  if (before?.is === 'bytes') return [{ do: 'write', path, content: { base64: before.base64 }, ...kept }, ...gone];
  if (backup !== undefined) return [{ do: 'copy', from: backup, path }, ...gone];
  return { impossible: `${path} was too large to be kept: backup: true keeps it on the host` };
}

function movesOf(
  path: string,
  content: WantedFile['content'],
  after: Omit<Stat, 'type' | 'size'>,
): NonNullable<Change['moves']> {
  const bytes = bytesOf(content);
  const size = bytes === undefined ? (content as Source).size : sizeOf(bytes);
  const looks = { probe: stat(path), after: { is: 'stat', stat: { type: 'file', size, ...after } } } as const;
  if (bytes === undefined) return [looks, { probe: file(path), after: unknown(`${path} would be replaced`) }];
  const sum = sha256Of(typeof bytes === 'string' ? bytes : Buffer.from(bytes.base64, 'base64'));
  return [looks, { probe: digest(path), after: text(sum) }];
}

/** A file in place of a link, as Ansible's copy leaves it; what the link led to stays as it is. */
function replaceLink(seen: Seen, wanted: WantedFile): FileChange {
  const { path, content } = wanted;
  const to = seen.text(linkName(path)) ?? '';
  const after = ownedBy(undefined, wanted);
  const bytes = bytesOf(content);
  const size = bytes === undefined ? (content as Source).size : sizeOf(bytes);
  const change: Change = {
    target: stat(path),
    plane: 'persistent',
    summary: `${path}: a link to ${to} → a file of ${wordsOf(content)}`,
    before: seen.raw(statName(path)),
    after: { is: 'stat', stat: { type: 'file', size, ...after } },
    do: [{ do: 'remove', path }, put(wanted, undefined)],
    undo: [{ do: 'link', path, to }],
    impact: 'none',
    disturbs: [contentProbe(path, content), { kind: 'link', path }],
    moves: [
      { probe: { kind: 'link', path }, after: unknown(`${path} would be a file`) },
      {
        probe: contentProbe(path, content),
        after: bytes === undefined ? text((content as Source).sha256) : reading(bytes),
      },
    ],
  };
  return { changes: [change] };
}

/** Fails a task whose file has no directory to be in, unless a task before may make it. */
export function requireParent(seen: Seen, path: string): void {
  const parent = parentOf(path);
  if (seen.raw(statName(parent)).is !== 'absent') return;
  seen.missing(statName(parent));
  throw new Problem(
    'NoDirectory',
    `there is no directory ${parent}`,
    'make it before, with file: { state: directory }',
  );
}
