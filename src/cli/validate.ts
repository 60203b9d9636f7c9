import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Diagnostic, mistake, UserError } from '../source/diagnostic.ts';
import { hideSecrets } from '../source/secrets.ts';
import { EXIT } from './exit.ts';
import { loadRun } from './load-run.ts';
import { prepareRun } from './prepare-run.ts';
import { type RunFlags, sourcesOf } from './run-flags.ts';
import type { VaultFlags } from './vault-flags.ts';

export interface ValidateFlags extends Pick<RunFlags, 'inventory' | 'extraVars' | keyof VaultFlags> {
  readonly output: 'text' | 'json';
}

/**
 * `kvmplay validate`. Without an inventory plays are looked at by themselves; with one, also as each of its hosts would have
 * them. Gives the exit status; with text as output throws `UserError` with every mistake.
 */
export async function validateCommand(paths: readonly string[], flags: ValidateFlags): Promise<number> {
  const playbooks = (paths.length > 0 ? paths : ['.']).flatMap(playbooksIn);
  const mistakes = playbooks.length > 0 ? await mistakesIn(playbooks, flags) : [nothing(paths)];
  const document = { schema: 'kvmplay.validate/1', playbooks, mistakes };
  if (flags.output === 'json') process.stdout.write(`${hideSecrets(JSON.stringify(document, null, 2))}\n`);
  else if (mistakes.length > 0) throw new UserError(mistakes);
  else process.stdout.write(`${playbooks.map((file) => `${file}: no mistakes\n`).join('')}`);
  return mistakes.length > 0 ? EXIT.mistake : EXIT.ok;
}

async function mistakesIn(playbooks: readonly string[], flags: ValidateFlags): Promise<readonly Diagnostic[]> {
  const alone = sourcesOf(flags).length === 0;
  try {
    const loaded = await loadRun(playbooks, { ...flags, limit: [] });
    return (await prepareRun(loaded, loaded.playbooks, {})).mistakes;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.diagnostics.filter(({ code }) => !(alone && code === 'NoHostsMatched'));
  }
}

/** A file itself; of a folder the files that are lists of plays. */
function playbooksIn(path: string): readonly string[] {
  if (!existsSync(path) || !statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .filter((name) => /\.ya?ml$/.test(name))
    .map((name) => join(path, name))
    .filter((file) =>
      /^- (?:[\s\S]*\n {2})?["']?(?:hosts|(?:ansible\.builtin\.)?import_playbook)["']?:/m.test(
        readFileSync(file, 'utf8'),
      ),
    );
}

const nothing = (paths: readonly string[]): Diagnostic =>
  mistake('NoPlaybook', `there is no playbook in ${paths.join(', ') || 'this folder'}`, undefined, 'name one');
