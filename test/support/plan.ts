import { type Example, type Module, type Plan, Problem } from '../../src/contract/index.ts';
import { openEyes } from '../../src/engine/eyes.ts';
import { makeOverlay } from '../../src/engine/overlay.ts';
import { exampleParams } from '../../src/registry/example-params.ts';
import { FAKE_COMMANDS } from './fake-commands.ts';
import type { Content } from './fake-files.ts';
import { type FakeHostOptions, fakeHost } from './fake-host.ts';

/** What a module plans on a host with these files. Parameters as they are written in a playbook. */
export async function planOn(
  module: Module,
  params: unknown,
  files: Readonly<Record<string, Content>>,
  { source, ...options }: Omit<FakeHostOptions, 'files'> & Pick<Example, 'source'> = {},
): Promise<Plan> {
  const valid = exampleParams(module, { title: '', params, host: {}, ...(source !== undefined && { source }) });
  const { seen } = await openEyes(fakeHost({ commands: FAKE_COMMANDS, ...options, files }), makeOverlay()).see(
    module,
    valid,
  );
  return module.plan(valid, seen);
}

/** The problem that a module has with a host, in one line: code, message and hint. */
export async function problemOn(...[module, params, files, options]: Parameters<typeof planOn>): Promise<string> {
  try {
    await planOn(module, params, files, options);
    return 'no problem';
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return `${error.code}: ${error.message}${error.hint === undefined ? '' : ` (${error.hint})`}`;
  }
}

/** What is wrong with parameters: `path: message`. */
export function mistakesIn(module: Module, params: unknown): string[] {
  const issues = module.params.safeParse(params).error?.issues ?? [];
  return issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

/** Changes as `plane summary`, what is pending as `pending summary`. */
export const summaryOf = (plan: Plan): string[] => [
  ...plan.changes.map(({ plane, summary }) => `${plane} ${summary}`),
  ...(plan.pending ?? []).map(({ summary }) => `pending ${summary}`),
];
