import type { z } from 'zod';
import type { Playbook, Task } from '../playbook/types.ts';
import { zodDiagnostics } from '../playbook/zod-diagnostics.ts';
import { findModule } from '../registry/index.ts';
import type { Diagnostic } from '../source/diagnostic.ts';
import { type Node, toData } from '../source/node.ts';
import { isTemplated } from '../template/index.ts';
import { controlParams } from './control.ts';
import { seeDoc } from './see-doc.ts';
import { tasksOf } from './steps.ts';

/**
 * What a module's schema has against a task, as far as that can be told before templates are rendered: unknown
 * parameters always, values where they are written out.
 */
export async function checkTasks(playbooks: readonly Playbook[]): Promise<readonly Diagnostic[]> {
  const plays = playbooks.flatMap((playbook) => playbook.plays);
  const tasks = plays.flatMap((play) => [...play.sections.flatMap((items) => [...tasksOf(items)]), ...play.handlers]);
  const found = await Promise.all([...new Set(tasks)].map(checkTask));
  return found.flat();
}

async function checkTask(task: Task): Promise<readonly Diagnostic[]> {
  const schema = controlParams(task.module) ?? (await findModule(task.module))?.params;
  return schema ? checkParams(schema, task.params).map((one) => seeDoc(one, task.module)) : [];
}

function checkParams(schema: z.ZodType, params: Node): readonly Diagnostic[] {
  const parsed = schema.safeParse(toData(params));
  if (parsed.success) return [];
  const issues = parsed.error.issues.filter(
    (issue) => issue.code === 'unrecognized_keys' || !dependsOnTemplate(params, issue.path),
  );
  return zodDiagnostics({ ...parsed.error, issues } as typeof parsed.error, params, schema);
}

/** Whether what an issue is about, or anything in it, will only be known once it is rendered. */
function dependsOnTemplate(node: Node, path: readonly PropertyKey[]): boolean {
  const [head, ...rest] = path;
  if (head === undefined) return isTemplated(node);
  if (node.kind === 'scalar') return isTemplated(node);
  const next = node.kind === 'list' ? node.items[Number(head)] : node.entries.find(({ key }) => key === head)?.value;
  return next !== undefined && dependsOnTemplate(next, rest);
}
