import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Module, type Source, sha1Of, sha256Of } from '../contract/index.ts';
import { findFile } from '../playbook/find-file.ts';
import type { Task } from '../playbook/types.ts';
import { decodeText } from '../source/decode.ts';
import { type Diagnostic, mistake, type Position, UserError } from '../source/diagnostic.ts';
import { keepSecret } from '../source/secrets.ts';
import { renderText, type Scope } from '../template/index.ts';
import { isSealedFile, openedAt } from './sealed-source.ts';
import { treeSource } from './tree-source.ts';

/** What is longer is streamed, and is kept out of journals and reports. In bytes. */
const SMALL = 64 << 10;

/**
 * The file of the control node that a task's module asks for by one of its parameters: found, rendered or summed up. Undefined where
 * it asks for none. Throws `UserError` at the parameter, or in the template's own line.
 */
export async function sourceOf(module: Module, params: unknown, task: Task, scope: Scope): Promise<Source | undefined> {
  if (!module.source) return undefined;
  const { param, folder, wrong, tree } = module.source;
  const name = (params as Readonly<Record<string, unknown>>)[param];
  if (typeof name !== 'string') return undefined;
  const at = placeOf(task, param);
  const found: Diagnostic[] = [];
  const path = findFile(name, directoriesFor(task, folder, scope), at, found);
  if (path === undefined) throw new UserError(found);
  const file = statSync(path);
  if (file.isDirectory() && tree) return treeSource(path, name, at, (one) => sourceAt(one, task, params));
  if (!file.isFile()) {
    const hint = 'name a regular file';
    throw new UserError([mistake('NotAFile', `${path} is not a regular file`, at, hint)]);
  }
  if (folder === 'templates') {
    const source = rendered(path, await openedAt(path, task), scope);
    const why = wrong?.(String(source.content), params);
    if (why !== undefined) throw new UserError([mistake('BadSource', `what ${path} comes to: ${why}`, at)]);
    return source;
  }
  return sourceAt(path, task, params);
}

/** A file as it is to be sent. */
async function sourceAt(path: string, task: Task, params: unknown): Promise<Source> {
  const opened = (params as { readonly decrypt?: boolean }).decrypt === false ? undefined : await openedAt(path, task);
  if (opened) return secret(small(path, opened));
  const { size, mtimeMs } = statSync(path);
  if (size > SMALL) return { name: basename(path), path, size, ...(await sumsOf(path, mtimeMs)) };
  return small(path, readFileSync(path));
}

const placeOf = (task: Task, param: string): Position =>
  (task.params.kind === 'map' && task.params.entries.find(({ key }) => key === param)?.value.at) || task.at;

/** In Ansible's order: those of the role, then those beside the tasks' file, then those of the playbook. */
function directoriesFor(task: Task, folder: string, scope: Scope): string[] {
  const playbook = scope.has('playbook_dir') ? String(scope.lookup('playbook_dir', task.at)) : undefined;
  const role = task.scope.role?.path;
  const roots = [
    ...(role === undefined ? [] : [role]),
    dirname(task.at.file),
    ...(playbook === undefined ? [] : [playbook]),
  ];
  return [...new Set(roots.flatMap((root) => [join(root, folder), root]))];
}

/** In these, what `{{ }}` prints is safe in XML. */
const XML = /\.xml(\.hbs)?$/;

/** What its template comes to. Partials lie beside it. `opened`: the template itself, where its file is encrypted. */
function rendered(path: string, opened: Buffer | undefined, scope: Scope): Source {
  const read = (file: string) => {
    if (file === path && opened) return { text: decodeText(opened, file), file };
    if (isSealedFile(file)) throw sealedPartial(file);
    return { text: decodeText(readFileSync(file), file), file };
  };
  const partial = (name: string) => {
    const file = join(dirname(path), `${name}.hbs`);
    return statSync(file, { throwIfNoEntry: false })?.isFile() ? read(file) : undefined;
  };
  const content = Buffer.from(renderText(read(path), scope, { escape: XML.test(path) ? 'xml' : 'none', partial }));
  const source = { ...small(path, content), name: basename(path).replace(/\.hbs$/, '') };
  return opened ? secret(source) : source;
}

const sealedPartial = (file: string): UserError =>
  new UserError([
    mistake(
      'SealedPartial',
      `the partial ${file} is encrypted`,
      { file, line: 1, column: 1 },
      'encrypt the template that uses it, or the variables in it',
    ),
  ]);

/** From now on the content is hidden wherever it turns up. */
function secret(source: Source): Source {
  keepSecret(typeof source.content === 'object' ? source.content.base64 : source.content);
  return { ...source, secret: true };
}

function small(path: string, bytes: Buffer): Source {
  const text = bytes.toString();
  const content = Buffer.from(text).equals(bytes) ? text : { base64: bytes.toString('base64') };
  return { name: basename(path), path, size: bytes.length, sha256: sha256Of(bytes), sha1: sha1Of(bytes), content };
}

type Sums = Required<Pick<Source, 'sha256' | 'sha1'>>;
const sums = new Map<string, Promise<Sums>>();

/** Of a large file, read once for all hosts as long as it stays as it is. */
function sumsOf(path: string, mtime: number): Promise<Sums> {
  const key = `${mtime} ${path}`;
  const known = sums.get(key) ?? readSums(path);
  sums.set(key, known);
  return known;
}

async function readSums(path: string): Promise<Sums> {
  const [sha256, sha1] = [createHash('sha256'), createHash('sha1')];
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 })) {
    sha256.update(chunk);
    sha1.update(chunk);
  }
  return { sha256: sha256.digest('hex'), sha1: sha1.digest('hex') };
}
