import { type Diagnostic, mistake, type Position, UserError } from '../source/diagnostic.ts';
import { type MapNode, type Node, nodeOf } from '../source/node.ts';
import { readText } from '../source/read-text.ts';
import { type ReadYaml, readYaml } from '../source/yaml.ts';
import { type Binding, bindings, isTemplated, makeScope, renderNode } from '../template/index.ts';
import { isSealed } from '../vault/keyring.ts';
import { type Locksmith, makeLocksmith } from '../vault/locksmith.ts';
import { modulesIn } from './modules-in.ts';
import { secretAll, secretVariables } from './secret-variables.ts';
import type { Enclosing, Vars } from './types.ts';

export interface LoadOptions {
  /** Modules, and the tasks that the engine does itself. */
  readonly moduleNames: readonly string[];
  /** How a file is read, where it is not from disk. Throws `UserError`. */
  readonly readFile?: (file: string, at?: Position) => Promise<string>;
  /** Opens files and values that are encrypted. Without it they are mistakes, values only where they are used. */
  readonly locksmith?: Locksmith;
  /** The variables that are known before any host is: those of `-e`. */
  readonly extra?: ReadonlyMap<string, Binding>;
  /** Directories in which roles are looked for, after `roles` beside the playbook. */
  readonly rolesPath?: readonly string[];
}

/** What is shared by everything that is read for one playbook. */
export interface Loader {
  /** Modules that lie in this directory can be used from here on. */
  readonly addModules: (directory: string) => void;
  /** Where each of those is. */
  readonly ownModules: ReadonlyMap<string, string>;
  readonly options: LoadOptions;
  readonly found: Diagnostic[];
  /**
   * The file's YAML, read once. Undefined after a mistake, which is then in `found`. Of an encrypted file the values of
   * variables are secrets: all there are in a file `of` variables, in others those that stand in it.
   */
  readonly load: (file: string, at?: Position, of?: 'variables') => Promise<Node | undefined>;
  /** A value that shapes the playbook, rendered with what is known before any host is. Undefined after a mistake. */
  readonly early: (node: Node, known?: Known) => Node | undefined;
  /** Called for each task, import and role. Throws when there are so many that imports must multiply. */
  readonly count: (at: Position) => void;
}

/** What is known at a place before any host is, beside the variables of `-e`. */
export interface Known {
  readonly vars: Vars;
  /** Of roles: they are weaker than all others. */
  readonly defaults?: Vars;
  /** Ansible's names for where things lie. */
  readonly magic?: Readonly<Record<string, string>>;
}

/** The same where more is known. */
export const knowing = (loader: Loader, known: Known): Loader => ({
  ...loader,
  early: (node, more) =>
    loader.early(node, {
      vars: [...known.vars, ...(more?.vars ?? [])],
      defaults: [...(known.defaults ?? []), ...(more?.defaults ?? [])],
      magic: { ...known.magic, ...more?.magic },
    }),
});

/** The same at a task, block, import or role: it may use the variables that stand on it, and those around it. */
export function knowingAt(loader: Loader, { vars, role }: Enclosing, map: MapNode): Loader {
  const own = map.entries.find(({ key }) => key === 'vars')?.value;
  return knowing(loader, {
    defaults: role?.defaults ?? [],
    vars: [...(role?.vars ?? []), ...vars, ...(own?.kind === 'map' ? [own] : [])],
    ...(role && { magic: { role_name: role.name, ansible_role_name: role.name, role_path: role.path } }),
  });
}

const MAX_TASKS = 20_000;

export function makeLoader(options: LoadOptions): Loader {
  const found: Diagnostic[] = [];
  const files = new Map<string, Promise<Node | undefined>>();
  let tasks = 0;

  const open = async (text: string, file: string, of?: 'variables'): Promise<ReadYaml> => {
    if (!isSealed(text)) return readYaml(text, file);
    const { locksmith = makeLocksmith({ passwords: [], identities: [] }) } = options;
    const { node, mistakes } = readYaml(await locksmith.openFile(text, file), file);
    return { mistakes, ...(node && { node: of ? secretAll(node) : secretVariables(node) }) };
  };
  const read = async (file: string, at?: Position, of?: 'variables'): Promise<Node | undefined> => {
    try {
      const { node, mistakes } = await open(
        options.readFile ? await options.readFile(file, at) : readText(file, at),
        file,
        of,
      );
      found.push(...mistakes);
      return node && options.locksmith ? options.locksmith.unseal(node) : node;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      found.push(...error.diagnostics);
      return undefined;
    }
  };
  const extra = { name: 'extra', vars: options.extra ?? new Map() };
  const moduleNames = [...options.moduleNames];
  const ownModules = new Map<string, string>();
  return {
    options: { ...options, moduleNames },
    ownModules,
    addModules(directory) {
      for (const { name, file } of modulesIn(directory)) {
        const other = ownModules.get(name);
        if (other !== undefined && other !== file)
          found.push(mistake('ModuleTwice', `the module "${name}" is in ${other}, too`, { file, line: 1, column: 1 }));
        ownModules.set(name, file);
        moduleNames.push(name);
      }
    },
    found,
    early(node, known) {
      if (!isTemplated(node)) return node;
      try {
        const defaults = { name: 'role defaults', vars: bindings(known?.defaults ?? []) };
        const scope = makeScope([defaults, { name: 'play', vars: bindings(known?.vars ?? []) }, extra]).with(
          'magic',
          known?.magic ?? {},
        );
        return nodeOf(renderNode(node, scope), node.at);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        found.push(...error.diagnostics.map((wrong) => earlier(wrong, known)));
        return undefined;
      }
    },
    load(file, at, of) {
      const key = JSON.stringify([file, of]);
      const reading = files.get(key) ?? read(file, at, of);
      files.set(key, reading);
      return reading;
    },
    count(at) {
      tasks += 1;
      if (tasks > MAX_TASKS)
        throw new UserError([
          mistake(
            'TooManyTasks',
            `imports and roles make more than ${MAX_TASKS} tasks of this playbook`,
            at,
            'look for a file that is imported again and again',
          ),
        ]);
    },
  };
}

function earlier(wrong: Diagnostic, inPlay: Known | undefined): Diagnostic {
  if (wrong.code !== 'UndefinedVariable') return wrong;
  const known = inPlay ? 'variables of the play, of roles and tasks around it, and of -e' : 'variables given with -e';
  return { ...wrong, hint: `this is read before any host is known: only ${known} can be used` };
}
