import { describeReading, probeName, type Reading } from '../contract/index.ts';
import type { PlannedChange } from '../engine/saved-plan.ts';
import { changeLines } from '../report/change-lines.ts';
import { paintFor } from '../report/paint.ts';
import { printable } from '../report/printable.ts';
import { readPlan } from './plan-file.ts';

/** `kvmplay show FILE`: what a plan would do, host by host, for whoever is to agree to it. */
export function showPlan(file: string): number {
  const plan = readPlan(file);
  const paint = paintFor(process.stdout);
  const write = (line: string) => process.stdout.write(`${line}\n`);
  const commit = plan.git
    ? `, at commit ${plan.git.commit.slice(0, 12)}${plan.git.dirty ? ' and what was not committed' : ''}`
    : '';
  write(`Plan ${plan.plan_id} of ${plan.playbooks.join(' ')}, made ${plan.created}${commit}`);
  for (const host of new Set(plan.tasks.map((task) => task.host))) {
    write(`\n${host}`);
    for (const { task, source, on, changes } of plan.tasks.filter((one) => one.host === host)) {
      write(printable(`${task} (${source})${on === host ? '' : ` on ${on}`}`));
      for (const change of changes) for (const line of changeLines(shownOf(change), paint)) write(printable(line));
    }
  }
  if (plan.unforeseen.length > 0) write('\nNot known before it is done:');
  for (const { host, task, source, why } of plan.unforeseen) write(printable(`  ${host}: ${task} (${source}): ${why}`));
  for (const [host, why] of Object.entries(plan.without)) write(printable(`\nWithout ${host}: ${why}`));
  return 0;
}

const shownOf = ({ target, plane, summary, impact, sides }: PlannedChange) => ({
  target: target ? probeName(target) : '',
  plane,
  summary,
  impact,
  before: sides ? textOf(sides.before) : null,
  after: sides ? textOf(sides.after) : null,
});

const textOf = (reading: Reading): string | null =>
  reading.is === 'absent' ? null : reading.is === 'text' ? reading.text : describeReading(reading);
