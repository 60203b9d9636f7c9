import { toData } from '../source/node.ts';
import { moduleArgs } from './module-args.ts';
import { runCommand } from './run.ts';
import type { RunFlags } from './run-flags.ts';

/** The flags of `run` that say something of one task. */
export type ExecFlags = Omit<RunFlags, 'tags' | 'skipTags'> & { readonly moduleName: string; readonly args: string };

/** `kvmplay exec`: a playbook of one task, that nobody has to write. Gives the exit status. */
export async function execCommand(pattern: string, { moduleName, args, ...flags }: ExecFlags): Promise<number> {
  // JSON is YAML.
  const text = JSON.stringify([
    { name: 'kvmplay exec', hosts: pattern, tasks: [{ [moduleName]: toData(moduleArgs(args)) }] },
  ]);
  return runCommand([PLAYBOOK], { ...flags, tags: [], skipTags: [] }, { text });
}

/** What it is called in reports and in the journal. */
const PLAYBOOK = 'kvmplay exec';
