import { existsSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { mistake, type Position } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import { child, type MapNode, type Node } from '../source/node.ts';
import { parseArgumentSpec } from './argument-spec.ts';
import { findFile, namesIn } from './find-file.ts';
import type { Loader } from './loader.ts';
import { bool, list, mapping } from './readers.ts';
import type { ArgumentSpec } from './types.ts';
import { loadVars } from './vars-file.ts';

/** A role as it lies on disk, its tasks not parsed yet. */
export interface RoleFiles {
  readonly name: string;
  readonly path: string;
  readonly tasks?: Part;
  readonly handlers?: Part;
  readonly defaults: readonly MapNode[];
  readonly vars: readonly MapNode[];
  readonly dependencies: readonly Node[];
  readonly allowDuplicates: boolean;
  readonly argumentSpec?: ArgumentSpec;
}

interface Part {
  readonly file: string;
  readonly node: Node;
}

/** Which file of each kind, where it is not `main`: as `import_role` says it. */
export interface RoleParts {
  readonly tasks_from?: string;
  readonly handlers_from?: string;
  readonly vars_from?: string;
  readonly defaults_from?: string;
}

/** Finds and reads a role. `directories` are where roles may lie. Undefined after a mistake, which is kept. */
export async function readRole(
  name: string,
  at: Position,
  directories: readonly string[],
  parts: RoleParts,
  loader: Loader,
): Promise<RoleFiles | undefined> {
  const path = findRole(name, at, directories, loader);
  if (path === undefined) return undefined;
  loader.addModules(join(path, 'modules'));
  const part = async (kind: 'tasks' | 'handlers'): Promise<Part | undefined> => {
    const file = partFile(path, kind, parts[`${kind}_from`], at, loader);
    const node = file === undefined ? undefined : await loader.load(file, at);
    return file !== undefined && node ? { file, node } : undefined;
  };
  const vars = async (kind: 'vars' | 'defaults'): Promise<readonly MapNode[]> => {
    const file = partFile(path, kind, parts[`${kind}_from`], at, loader);
    const map = file === undefined ? undefined : await loadVars(file, at, loader);
    return map ? [map] : [];
  };
  const tasks = await part('tasks');
  const handlers = await part('handlers');
  return {
    name: basename(name),
    path,
    ...(tasks && { tasks }),
    ...(handlers && { handlers }),
    defaults: await vars('defaults'),
    vars: await vars('vars'),
    ...(await readMeta(path, at, loader)),
    ...(await readSpec(path, at, parts.tasks_from, loader)),
  };
}

function findRole(name: string, at: Position, directories: readonly string[], { found }: Loader): string | undefined {
  const candidates = isAbsolute(name) ? [name] : directories.map((directory) => join(directory, name));
  const path = candidates.find((candidate) => existsSync(candidate));
  if (path !== undefined) return path;
  const known = candidates.flatMap((candidate) => namesIn(dirname(candidate)));
  const hint = didYouMean(basename(name), known) ?? `looked for in ${directories.join(', ')}`;
  found.push(mistake('UnknownRole', `there is no role "${name}"`, at, hint));
  return undefined;
}

/** `main.yml` may be missing; a file that was asked for may not. */
function partFile(
  role: string,
  kind: string,
  asked: string | undefined,
  at: Position,
  { found }: Loader,
): string | undefined {
  const stem = asked?.replace(/\.ya?ml$/, '') ?? 'main';
  const files = [`${stem}.yml`, `${stem}.yaml`].map((name) => join(role, kind, name));
  const file = files.find((one) => existsSync(one));
  return file ?? (asked === undefined ? undefined : findFile(`${stem}.yml`, [join(role, kind)], at, found));
}

/** `meta/argument_specs.yml`, or the same under `argument_specs` in `meta/main.yml`. */
async function readSpec(
  role: string,
  at: Position,
  tasksFrom: string | undefined,
  loader: Loader,
): Promise<Pick<RoleFiles, 'argumentSpec'>> {
  const files = ['argument_specs.yml', 'argument_specs.yaml', 'main.yml', 'main.yaml'].map((name) =>
    join(role, 'meta', name),
  );
  const file = files.find((one) => existsSync(one));
  const node = file === undefined ? undefined : await loader.load(file, at);
  const entryPoint = tasksFrom?.replace(/\.ya?ml$/, '') ?? 'main';
  const argumentSpec = node && parseArgumentSpec(node, entryPoint, loader.found);
  return argumentSpec ? { argumentSpec } : {};
}

async function readMeta(
  role: string,
  at: Position,
  loader: Loader,
): Promise<Pick<RoleFiles, 'dependencies' | 'allowDuplicates'>> {
  const file = partFile(role, 'meta', undefined, at, loader);
  const node = file === undefined ? undefined : await loader.load(file, at);
  const meta = node && mapping(node, 'meta', loader.found);
  const dependencies = meta && child(meta, 'dependencies');
  const duplicates = meta && child(meta, 'allow_duplicates');
  return {
    dependencies: (dependencies && list(dependencies, 'dependencies', loader.found)) ?? [],
    allowDuplicates: (duplicates && bool(duplicates, 'allow_duplicates', loader.found)) ?? false,
  };
}
