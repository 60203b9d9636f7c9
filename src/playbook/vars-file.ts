import { type Position, UserError } from '../source/diagnostic.ts';
import type { MapNode } from '../source/node.ts';
import { type Loader, type LoadOptions, makeLoader } from './loader.ts';
import { variables } from './readers.ts';

/** A file of variables: of `vars_files`, or of a role. Undefined after a mistake, which is kept. */
export async function loadVars(file: string, at: Position, loader: Loader): Promise<MapNode | undefined> {
  const node = await loader.load(file, at);
  return node && variables(node, file, loader.found);
}

/** The same for a name that was a template. Throws `UserError`. */
export async function loadVarsFile(
  file: string,
  at: Position,
  options: Pick<LoadOptions, 'readFile'>,
): Promise<MapNode> {
  const loader = makeLoader({ ...options, moduleNames: [] });
  const map = await loadVars(file, at, loader);
  if (!map || loader.found.length > 0) throw new UserError(loader.found);
  return map;
}
