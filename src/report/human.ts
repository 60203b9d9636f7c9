import type { Counts, Event, Result, RunEnd, Step } from '../engine/events.ts';
import { changeLines } from './change-lines.ts';
import { hostRanges } from './host-ranges.ts';
import { itemText } from './item-text.ts';
import { inOrder } from './ordered.ts';
import { type Paint, paintNothing } from './paint.ts';
import { printable } from './printable.ts';
import { alike, type Said } from './same-changes.ts';

export interface HumanOptions {
  readonly write: (text: string) => void;
  readonly paint?: Paint;
  /** Width of the terminal in columns; undefined where there is none. */
  readonly columns?: number | undefined;
  /** How many `-v` were given. */
  readonly verbosity?: number;
}

/** Ansible's banners, result lines and recap, letter for letter; what Ansible has no word for comes after them. */
export function humanReport(options: HumanOptions): (event: Event) => void {
  const { write, paint = paintNothing, verbosity = 0 } = options;
  const columns = Math.max(79, (options.columns ?? 0) - 1);
  const banner = (text: string) => write(`\n${text} ${'*'.repeat(Math.max(3, columns - text.length))}\n`);

  const ordered = inOrder((block) => {
    if (block.block === 'play') {
      banner(`PLAY [${block.name}]`);
      if (block.hosts.length === 0) write(paint('cyan', 'skipping: no hosts matched\n'));
    } else {
      banner(`${block.step.handler ? 'RUNNING HANDLER' : 'TASK'} [${block.step.name}]`);
      for (const { hosts, changes, lines } of alike(saidOf(block.results, block.step, { paint, verbosity }))) {
        if (hosts.length > 1 && changes !== '')
          write(paint('dim', `# the same on ${hosts.length} hosts: ${hostRanges(hosts)}\n`));
        write(changes + lines.join(''));
      }
    }
  });

  return (event) => {
    ordered(event);
    if (event.event === 'warning') write(paint('magenta', `[WARNING]: ${onHost(event.host)}${event.message}\n`));
    if (event.event === 'run_end') {
      banner('PLAY RECAP');
      write(recap(event, paint));
    }
  };
}

interface Style {
  readonly paint: Paint;
  readonly verbosity: number;
}

function saidOf(results: readonly Result[], step: Step, style: Style): Said[] {
  const turns = new Map<string, number>();
  return results.map((result, index) => {
    const turn = turns.get(result.host) ?? 0;
    turns.set(result.host, turn + 1);
    const last = results[index + 1]?.host !== result.host;
    const ignoring = last && result.status === 'ignored' ? style.paint('cyan', '...ignoring\n') : '';
    const shown = printable(result);
    const lines = `${resultLines(shown, step, style)}${ignoring}`;
    return { host: result.host, turn, changes: shownChanges(shown, style), lines };
  });
}

function shownChanges({ diff, changes }: Result, { paint, verbosity }: Style): string {
  const lines = diff || verbosity > 0 ? changes.flatMap((change) => changeLines(change, paint)) : [];
  return lines.map((line) => `${line}\n`).join('');
}

function resultLines(result: Result, step: Step, { paint, verbosity }: Style): string {
  const host =
    result.delegated_to !== undefined && result.delegated_to !== result.host
      ? `${result.host} -> ${result.delegated_to}`
      : result.host;
  const item = result.item === undefined ? '' : ` (item=${itemText(result.item)})`;
  const of = `[${host}]${item && ` =>${item}`}`;
  const lines: string[] = [];
  switch (result.status) {
    case 'ok':
      lines.push(paint('green', `ok: ${of}${messageOf(result)}`));
      break;
    case 'changed':
      lines.push(paint('yellow', `changed: ${of}${messageOf(result)}`));
      break;
    case 'skipped':
      lines.push(
        paint('cyan', `skipping: ${of}${reasonOf(result, verbosity > 0 || !result.reason?.startsWith('when'))}`),
      );
      break;
    case 'unknown':
      lines.push(paint('magenta', `unknown: ${of}${reasonOf(result, true)}`));
      break;
    default: {
      const word = result.unreachable || result.status === 'unreachable' ? 'UNREACHABLE' : 'FAILED';
      const start = item ? `failed: [${host}]${item} => ` : `fatal: [${host}]: ${word}! => `;
      lines.push(...errorLines(start, result, step, paint));
    }
  }
  if (result.pending) lines.push(paint('magenta', `  pending: ${pendingWords[result.pending]}`));
  for (const note of result.notes ?? []) lines.push(paint('magenta', `  note: ${note}`));
  return `${lines.join('\n')}\n`;
}

const pendingWords = {
  reboot: 'waits for a reboot of the host',
  'guest-restart': 'waits for a power cycle of the guest (a reboot inside it is not enough)',
  manual: 'waits for somebody to decide: kvmplay does not change it',
} as const;

function errorLines(start: string, result: Result, step: Step, paint: Paint): string[] {
  const { error } = result;
  if (!error) return [paint('red', `${start}${result.reason ?? ''}`)];
  const lines = [paint('red', `${start}${error.code}: ${error.message.replaceAll('\n', '\n    ')}`)];
  if (error.hint) lines.push(`  hint: ${error.hint}`);
  lines.push(paint('dim', `  at ${error.source ?? step.source}`));
  return lines;
}

const onHost = (host: string | undefined): string => (host ? `[${host}] ` : '');
const reasonOf = (result: Result, shown: boolean): string => (shown && result.reason ? ` => ${result.reason}` : '');
const messageOf = (result: Result): string =>
  result.message === undefined ? '' : ` => ${JSON.stringify(result.message, null, 4)}`;

function recap(end: RunEnd, paint: Paint): string {
  const lines = Object.entries(end.hosts)
    .filter(([, counts]) => Object.values(counts).some((count) => count > 0))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([host, counts]) =>
        `${paint(hostColour(counts), host)}${' '.repeat(Math.max(0, 26 - host.length))} : ${countsLine(counts, paint)}\n`,
    );
  return `${lines.join('')}\n`;
}

function countsLine(counts: Counts, paint: Paint): string {
  const field = (name: keyof Counts, colour: Parameters<Paint>[0]) => {
    const text = `${name}=${String(counts[name]).padEnd(4)}`;
    return counts[name] > 0 ? paint(colour, text) : text;
  };
  return [
    field('ok', 'green'),
    field('changed', 'yellow'),
    field('unreachable', 'red'),
    field('failed', 'red'),
    field('skipped', 'cyan'),
    field('rescued', 'yellow'),
    field('ignored', 'cyan'),
    field('unknown', 'magenta'),
  ].join(' ');
}

function hostColour(counts: Counts): Parameters<Paint>[0] {
  if (counts.failed > 0 || counts.unreachable > 0) return 'red';
  return counts.changed > 0 ? 'yellow' : 'green';
}
