import { readdirSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { decodeText } from '../source/decode.ts';
import { type Diagnostic, mistake, UserError } from '../source/diagnostic.ts';
import { describeNode, markSecret, toData } from '../source/node.ts';
import { keepSecret } from '../source/secrets.ts';
import { displayed, type OpenVault, readBytes } from './file-text.ts';
import { parseData } from './parse-data.ts';
import { isEmpty } from './python-node.ts';
import { byCodePoint } from './python-text.ts';
import type { Variables } from './types.ts';

const EXTENSIONS: readonly string[] = ['', '.yml', '.yaml', '.json'];

export interface VariableFileOptions {
  readonly cwd: string;
  readonly openVault: OpenVault | undefined;
}

/**
 * What the files of a `group_vars` or `host_vars` folder say of each name: `NAME`, `NAME.yml`, `.yaml` or `.json`, the
 * first that is there, or in a folder of that name all files below it. Throws `UserError` with the mistakes of all.
 */
export async function readVariableFiles(
  folder: string,
  names: Iterable<string>,
  options: VariableFileOptions,
): Promise<Map<string, readonly Variables[]>> {
  const found: Diagnostic[] = [];
  const variables = new Map<string, readonly Variables[]>();
  const present = new Set(kindOf(folder) === 'folder' ? readdirSync(folder) : []);
  if (present.size === 0) return variables;
  for (const name of names) {
    const layers: Variables[] = [];
    for (const path of filesFor(folder, name, present)) {
      try {
        layers.push(await readVariables(path, options));
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        found.push(...error.diagnostics);
      }
    }
    if (layers.length > 0) variables.set(name, layers);
  }
  if (found.length > 0) throw new UserError(found);
  return variables;
}

function filesFor(folder: string, name: string, present: ReadonlySet<string>): string[] {
  // A host may be named by a path, as those that live in a chroot are.
  if (name.startsWith('/')) return [];
  for (const extension of EXTENSIONS) {
    const path = join(folder, name + extension);
    const kind = name.includes('/') || present.has(name + extension) ? kindOf(path) : undefined;
    if (kind) return kind === 'file' ? [path] : filesBelow(path);
  }
  return [];
}

/** Hidden files, backups and unknown extensions are passed over, and folders with an extension. */
function filesBelow(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => !name.startsWith('.') && !name.endsWith('~'));
  return names.sort(byCodePoint).flatMap((name) => {
    const path = join(folder, name);
    const kind = kindOf(path);
    const extension = extname(name);
    if (kind === 'folder') return extension === '' ? filesBelow(path) : [];
    return kind && EXTENSIONS.includes(extension) ? [path] : [];
  });
}

async function readVariables(path: string, options: VariableFileOptions): Promise<Variables> {
  const file = displayed(path, options.cwd);
  const { bytes, sealed } = await readBytes(path, file, options.openVault);
  const parsed = parseData(decodeText(bytes, file), file);
  if (sealed) keepSecret(toData(parsed));
  const root = sealed ? markSecret(parsed) : parsed;
  if (isEmpty(root)) return new Map();
  if (root.kind === 'map') return new Map(root.entries.map(({ key, value }) => [key, value]));
  const message = `a file of variables is a mapping, and this is ${describeNode(root)}`;
  throw new UserError([mistake('BadVariables', message, root.at, 'write NAME: VALUE, one on each line')]);
}

function kindOf(path: string): 'file' | 'folder' | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && (stat.isDirectory() ? 'folder' : 'file');
}
