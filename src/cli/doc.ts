import { resolve } from 'node:path';
import { controlReference, documentedControls } from '../engine/control-reference.ts';
import { modulesIn } from '../playbook/modules-in.ts';
import { shortName } from '../playbook/short-name.ts';
import { findModule, moduleNames } from '../registry/index.ts';
import { loadOwnModules } from '../registry/own-modules.ts';
import { type Documented, referenceOf, schemaOf } from '../registry/reference.ts';
import { table } from '../report/table.ts';
import { mistake, UserError } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import { EXIT } from './exit.ts';

export interface DocFlags {
  readonly output: 'text' | 'json';
}

/** `kvmplay doc`. Gives the exit status; throws `UserError` where there is no such module. */
export async function docCommand(name: string | undefined, { output }: DocFlags): Promise<number> {
  const wrong = await loadOwnModules(modulesIn(resolve('modules')).map(({ file }) => file));
  if (wrong.length > 0) throw new UserError(wrong);
  const controls = documentedControls();
  const names = [...moduleNames(), ...controls.map((one) => one.name)].toSorted();
  const find = async (one: string): Promise<Documented | undefined> => controlReference(one) ?? (await findModule(one));
  const module = name === undefined ? undefined : await find(shortName(name));
  if (name !== undefined && !module) {
    const hint = didYouMean(name, names) ?? 'kvmplay doc lists all modules';
    throw new UserError([mistake('UnknownModule', `there is no module "${name}"`, undefined, hint)]);
  }
  if (module) process.stdout.write(output === 'json' ? json(described(module)) : referenceOf(module));
  else {
    const all = await Promise.all(names.map(find));
    const modules = all.filter((one): one is Documented => one !== undefined);
    process.stdout.write(output === 'json' ? json({ modules: modules.map(described) }) : listed(modules));
  }
  return EXIT.ok;
}

/** What a program wants to know of a module; `params` is its JSON Schema. */
const described = (module: Documented) => ({
  name: module.name,
  summary: module.summary,
  notes: module.notes?.trim() ?? null,
  params: schemaOf(module),
  examples: module.examples.map(({ title, params }) => ({ title, params })),
});

const json = (value: object): string => `${JSON.stringify({ schema: 'kvmplay.doc/1', ...value }, null, 2)}\n`;

const listed = (modules: readonly Documented[]): string =>
  table(
    ['MODULE', ''],
    modules.map(({ name, summary }) => [name, summary]),
  );
