import type { Example, Module } from '../contract/index.ts';
import { exampleParams } from '../registry/example-params.ts';
import { escaped, findIn, placeIn } from '../registry/own-modules.ts';
import { type Diagnostic, mistake, type Position } from '../source/diagnostic.ts';
import { NotEmulated } from './fake-command.ts';
import { FAKE_COMMANDS } from './fake-commands.ts';
import { fakeHost } from './fake-host.ts';
import { firstDifference } from './first-difference.ts';
import { frozen } from './frozen.ts';
import { Broken, type Case, LAWS, type Law, Refused } from './laws.ts';

/** What came of holding a module to the laws on each of its examples. */
export interface Verdict {
  /** One for each law and example where it is broken. */
  readonly broken: readonly Diagnostic[];
  /** What could not be told on a host in memory, and why. */
  readonly untried: readonly string[];
}

const HINT = 'docs/own-modules.md says what each law asks of a module';

/** Hold a project's own module, which keeps to the contract, to every law. Never throws what the module throws. */
export async function checkModule(module: Module, file: string): Promise<Verdict> {
  const broken: Diagnostic[] = [];
  const untried = new Set<string>();
  if (module.examples.length === 0) untried.add(`the module "${module.name}" has no examples to try the laws on`);
  for (const example of module.examples)
    for (const [name, law] of Object.entries(LAWS)) {
      const error = await failureOf(law, module, example);
      if (error === undefined) continue;
      const where = `the module "${module.name}", on its example "${example.title}"`;
      if (error instanceof Refused || error instanceof NotEmulated) untried.add(`${where}: ${error.message}`);
      else
        broken.push(mistake('LawBroken', `${where}: ${name}: ${saidOf(error)}`, placeOf(error, example, file), HINT));
    }
  return { broken, untried: [...untried] };
}

async function failureOf(law: Law, module: Module, example: Example): Promise<Error | undefined> {
  try {
    const subject: Case = {
      module,
      params: frozen(exampleParams(module, example)),
      host: () => fakeHost({ files: example.host, commands: FAKE_COMMANDS }),
    };
    await law(subject);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function saidOf(error: Error): string {
  if (!(error instanceof Broken)) return `it threw ${error.name}: ${error.message}`;
  const { path, expected, found } = firstDifference(error.expected, error.found);
  const of = [error.of, path].filter(Boolean).join(', ');
  return `${of === '' ? '' : `${of}: `}expected ${expected}, found ${found}`;
}

/** Where it threw, where that is in the module's own file; else the example. */
function placeOf(error: Error, { title }: Example, file: string): Position {
  const thrown = error instanceof Broken ? undefined : placeIn(file, error);
  return thrown && thrown.line > 1 ? thrown : findIn(file, [new RegExp(escaped(title)), /\bexamples\b/]);
}
