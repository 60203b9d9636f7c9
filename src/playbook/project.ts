import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { namesIn } from './find-file.ts';
import { modulesIn } from './modules-in.ts';

/** What lies in a project's folder, or in a role's own, whether or not a playbook reaches it. Paths begin with the folder. */
export interface Project {
  readonly modules: readonly string[];
  readonly roles: readonly string[];
  /** Template files, partials too. */
  readonly templates: readonly string[];
}

const ROLE_PARTS = ['tasks', 'handlers', 'meta', 'defaults', 'vars'];

export function projectIn(folder: string): Project {
  const isRole = ROLE_PARTS.some((part) => existsSync(join(folder, part)));
  const shelf = basename(folder) === 'roles' ? folder : join(folder, 'roles');
  const roles = [
    ...(isRole ? [folder] : []),
    ...namesIn(shelf)
      .map((name) => join(shelf, name))
      .filter((path) => namesIn(path).length > 0),
  ];
  const roots = [...new Set([folder, ...roles])];
  return {
    modules: roots.flatMap((root) => modulesIn(join(root, 'modules')).map(({ file }) => file)),
    roles,
    templates: roots.flatMap((root) => below(join(root, 'templates'))).filter((file) => file.endsWith('.hbs')),
  };
}

const below = (folder: string): readonly string[] =>
  namesIn(folder).flatMap((name) => {
    const path = join(folder, name);
    const inside = below(path);
    return inside.length > 0 ? inside : [path];
  });
