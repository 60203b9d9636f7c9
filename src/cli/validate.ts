import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { checkModule } from '../laws/check-module.ts';
import { type Project, projectIn } from '../playbook/project.ts';
import { ownModules } from '../registry/index.ts';
import { loadOwnModules } from '../registry/own-modules.ts';
import { type Diagnostic, mistake, UserError } from '../source/diagnostic.ts';
import { readText } from '../source/read-text.ts';
import { hideSecrets } from '../source/secrets.ts';
import { templateFileMistakes } from '../template/index.ts';
import { EXIT } from './exit.ts';
import { type Loaded, loadRun } from './load-run.ts';
import { prepareRun } from './prepare-run.ts';
import { type RunFlags, sourcesOf } from './run-flags.ts';
import type { VaultFlags } from './vault-flags.ts';

export interface ValidateFlags extends Pick<RunFlags, 'inventory' | 'extraVars' | keyof VaultFlags> {
  readonly output: 'text' | 'json';
}

/**
 * `kvmplay validate`. Without an inventory plays are looked at by themselves; with one, also as each of its hosts would have
 * them. In folders also at roles, modules and templates that no playbook reaches. Gives the exit status; with text as output
 * throws `UserError` with every mistake.
 */
export async function validateCommand(paths: readonly string[], flags: ValidateFlags): Promise<number> {
  const given = paths.length > 0 ? paths : ['.'];
  const playbooks = given.flatMap(playbooksIn);
  const projects = given.filter(isFolder).map((folder) => ({ folder, ...projectIn(folder) }));
  const { roles, templates } = all(projects);

  const mistakes: Diagnostic[] = [];
  if (playbooks.length > 0) mistakes.push(...(await mistakesIn(playbooks, flags)));
  for (const { folder, roles: inIt } of projects)
    if (inIt.length > 0) mistakes.push(...(await inRoles(folder, inIt, flags)));
  mistakes.push(...templates.flatMap(inTemplate));
  const { modules, wrong, untried } = await inModules(all(projects).modules);
  mistakes.push(...wrong);
  if (playbooks.length + roles.length + templates.length + modules.length === 0) mistakes.push(nothing(paths));

  const distinct = [...new Map(mistakes.map((one) => [JSON.stringify(one), one])).values()];
  const looked = { playbooks, roles, modules, templates };
  const document = { schema: 'kvmplay.validate/1', ...looked, mistakes: distinct, untried };
  if (flags.output === 'json') process.stdout.write(`${hideSecrets(JSON.stringify(document, null, 2))}\n`);
  else {
    for (const one of untried) process.stderr.write(`${hideSecrets(`not tried: ${one}`)}\n`);
    if (distinct.length > 0) throw new UserError(distinct);
    process.stdout.write(
      Object.values(looked)
        .flat()
        .map((file) => `${file}: no mistakes\n`)
        .join(''),
    );
  }
  return distinct.length > 0 ? EXIT.mistake : EXIT.ok;
}

const all = (projects: readonly Project[]): Project => ({
  modules: projects.flatMap(({ modules }) => modules),
  roles: projects.flatMap(({ roles }) => roles),
  templates: projects.flatMap(({ templates }) => templates),
});

const mistakesIn = (playbooks: readonly string[], flags: ValidateFlags): Promise<readonly Diagnostic[]> =>
  found(flags, async () => {
    const loaded: Loaded = await loadRun(playbooks, { ...flags, limit: [] });
    return (await prepareRun(loaded, loaded.playbooks, {})).mistakes;
  });

async function found(flags: ValidateFlags, look: () => Promise<readonly Diagnostic[]>): Promise<readonly Diagnostic[]> {
  const alone = sourcesOf(flags).length === 0;
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.diagnostics.filter(({ code }) => !(alone && code === 'NoHostsMatched'));
  }
}

/** What a role may leave to the play that uses it. */
const OF_THE_PLAY: readonly string[] = ['NoHostsMatched', 'UndefinedVariable', 'UnknownHandler'];

/** What is wrong with roles, whoever uses them. */
async function inRoles(folder: string, roles: readonly string[], flags: ValidateFlags): Promise<readonly Diagnostic[]> {
  const play = [{ hosts: 'all', roles: roles.map((role) => resolve(role)) }];
  const mistakes = await found(flags, async () => {
    await loadRun([join(folder, '(roles)')], { ...flags, limit: [] }, JSON.stringify(play));
    return [];
  });
  return mistakes.filter(({ code }) => !OF_THE_PLAY.includes(code));
}

function inTemplate(file: string): readonly Diagnostic[] {
  try {
    return templateFileMistakes({ text: readText(file), file });
  } catch (error) {
    if (error instanceof UserError) return error.diagnostics;
    throw error;
  }
}

/** Every module that was loaded, and those that nothing has used, are held to the laws. */
async function inModules(files: readonly string[]) {
  const there = files.map((file) => resolve(file));
  const wrong = [...(await loadOwnModules(there))];
  const untried: string[] = [];
  for (const { module, file } of ownModules()) {
    const verdict = await checkModule(module, file);
    wrong.push(...verdict.broken);
    untried.push(...verdict.untried);
  }
  const modules = [...new Set([...there, ...ownModules().map(({ file }) => file)])];
  return { modules: modules.map((file) => relative('', file)), wrong, untried };
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** A file itself; of a folder the files that are lists of plays. */
function playbooksIn(path: string): readonly string[] {
  if (!isFolder(path)) return [path];
  return readdirSync(path)
    .filter((name) => /\.ya?ml$/.test(name))
    .map((name) => join(path, name))
    .filter((file) =>
      /^- (?:[\s\S]*\n {2})?["']?(?:hosts|(?:ansible\.builtin\.)?import_playbook)["']?:/m.test(
        readFileSync(file, 'utf8'),
      ),
    );
}

const nothing = (paths: readonly string[]): Diagnostic => {
  const message = `there is no playbook, role, module or template in ${paths.join(', ') || 'this folder'}`;
  return mistake('NoPlaybook', message, undefined, 'name one');
};
