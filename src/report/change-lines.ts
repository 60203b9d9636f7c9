import { createTwoFilesPatch } from 'diff';
import type { ShownChange } from '../engine/events.ts';
import type { Paint } from './paint.ts';

/** A change for the eye: a knob on one line, a file as a unified diff. */
export function changeLines(change: ShownChange, paint: Paint): string[] {
  const plane = change.plane.padEnd(10);
  const impact = change.impact === 'none' ? '' : `  [impact: ${change.impact}]`;
  const head = `  ${plane} ${change.summary}${impact}`;
  if (!isLong(change.before) && !isLong(change.after)) return [head];
  return [head, ...patchLines(change, paint)];
}

const isLong = (text: string | null): boolean => text?.trimEnd().includes('\n') === true;

function patchLines(change: ShownChange, paint: Paint): string[] {
  const patch = createTwoFilesPatch(
    change.before === null ? '/dev/null' : change.target,
    change.after === null ? '/dev/null' : change.target,
    change.before ?? '',
    change.after ?? '',
    '',
    '',
    { context: 3 },
  );
  return patch
    .split('\n')
    .filter((line) => !/^(=+$|Index: )/.test(line))
    .slice(0, -1)
    .map((line) => {
      const text = line.trimEnd();
      if (text.startsWith('+')) return paint('green', text);
      if (text.startsWith('-')) return paint('red', text);
      return text.startsWith('@@') ? paint('cyan', text) : text;
    });
}
