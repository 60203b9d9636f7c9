import { z } from 'zod';
import type { SavedPlan } from '../engine/saved-plan.ts';
import { mistake, UserError } from '../source/diagnostic.ts';
import { readText } from '../source/read-text.ts';
import type { RememberedFlags } from './run-flags.ts';

export const PLAN_SCHEMA = 'kvmplay.plan/1';

/** A plan as it stands in a file: what was asked, and what would be done. */
export interface PlanFile extends SavedPlan {
  readonly schema: typeof PLAN_SCHEMA;
  readonly plan_id: string;
  readonly kvmplay_version: string;
  /** ISO 8601, UTC. */
  readonly created: string;
  readonly git: { readonly commit: string; readonly dirty: boolean } | null;
  readonly cwd: string;
  readonly playbooks: readonly string[];
  readonly flags: RememberedFlags;
}

const reading = z.looseObject({ is: z.string() });
const change = z.looseObject({
  target: z.looseObject({ kind: z.string() }).optional(),
  plane: z.enum(['live', 'persistent', 'pending']),
  summary: z.string(),
  impact: z.string(),
  sides: z.object({ before: reading, after: reading }).optional(),
});
const where = { host: z.string(), task: z.string(), source: z.string() };
const planFile = z.looseObject({
  schema: z.literal(PLAN_SCHEMA),
  plan_id: z.string(),
  kvmplay_version: z.string(),
  created: z.string(),
  cwd: z.string(),
  playbooks: z.array(z.string()).min(1),
  flags: z.looseObject({}),
  hosts: z.array(z.string()),
  tasks: z.array(z.looseObject({ ...where, on: z.string(), module: z.string(), changes: z.array(change) })),
  unforeseen: z.array(z.looseObject({ ...where, why: z.string() })),
  without: z.record(z.string(), z.string()),
});

/** Reads a plan. Throws `UserError` `BadPlan` for what is none. */
export function readPlan(file: string): PlanFile {
  const text = readText(file);
  const bad = (why: string) =>
    new UserError([
      mistake('BadPlan', `this is no plan: ${why}`, { file, line: 1, column: 1 }, 'make one with `kvmplay plan`'),
    ]);
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw bad((error as Error).message);
  }
  const { success, error } = planFile.safeParse(data);
  const issue = error?.issues[0];
  if (!success) throw bad(`${issue?.path.join('.') || 'it'}: ${issue?.message}`);
  return data as PlanFile;
}
