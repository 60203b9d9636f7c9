import type { Position } from '../source/diagnostic.ts';
import type { MapNode } from '../source/node.ts';
import type { Loader } from './loader.ts';
import { variables } from './readers.ts';

/** A file of variables: of `vars_files`, or of a role. Undefined after a mistake, which is kept. */
export async function loadVars(file: string, at: Position, loader: Loader): Promise<MapNode | undefined> {
  const node = await loader.load(file, at, 'variables');
  return node && variables(node, file, loader.found);
}
