import type { Action } from './action.ts';
import type { Change, Impact } from './change.ts';
import { file, type Probe } from './probe.ts';
import { ABSENT, type Reading, text } from './reading.ts';

interface Knob {
  readonly path: string;
  /** What was read of it. */
  readonly before: Reading;
  /** What to write. */
  readonly value: string;
  /** What it will read, where that differs from what is written: `always [madvise] never`. */
  readonly after?: string;
  readonly summary: string;
  readonly impact?: Impact;
  /** How to get back, where writing the old value is not the way. */
  readonly undo?: Change['undo'];
  /** What to write to get back, where it is not the text that was read: the token in brackets. */
  readonly undoValue?: string;
  readonly disturbs?: readonly Probe[];
  readonly hints?: Change['hints'];
}

/** A live change of one kernel knob, undone by writing back what it read. */
export function pokeKnob(knob: Knob): Change {
  const was = knob.before.is === 'text' ? knob.before.text.trim() : undefined;
  return {
    target: file(knob.path),
    plane: 'live',
    summary: knob.summary,
    before: knob.before,
    after: text(`${knob.after ?? knob.value}\n`),
    do: [{ do: 'poke', path: knob.path, value: knob.value }],
    undo:
      knob.undo ??
      (was === undefined
        ? { impossible: 'what stood there before could not be read' }
        : [{ do: 'poke', path: knob.path, value: knob.undoValue ?? was }]),
    impact: knob.impact ?? 'none',
    ...(knob.disturbs && { disturbs: knob.disturbs }),
    ...(knob.hints && { hints: knob.hints }),
  };
}

interface ConfigFile {
  readonly path: string;
  readonly before: Reading;
  /** The whole new text; undefined removes the file. */
  readonly content: string | undefined;
  readonly summary: string;
  readonly mode?: string;
  /** Done after the file is in place, and again after it is put back: `systemctl daemon-reload`. */
  readonly then?: readonly Action[];
}

/** A persistent change of one configuration file, undone by putting back the very text that was there. */
export function replaceFile(config: ConfigFile): Change {
  const { path, before, content, then = [] } = config;
  const mode = config.mode === undefined ? {} : { mode: config.mode };
  const parent = path.slice(0, path.lastIndexOf('/')) || '/';
  const put: Action[] =
    content === undefined
      ? [{ do: 'remove', path }]
      : [
          { do: 'mkdir', path: parent },
          { do: 'write', path, content, ...mode },
        ];
  return {
    target: file(path),
    plane: 'persistent',
    summary: config.summary,
    before,
    after: content === undefined ? ABSENT : text(content),
    do: [...put, ...then],
    undo: undoOf(path, before, then),
    impact: 'none',
  };
}

function undoOf(path: string, before: Reading, then: readonly Action[]): Change['undo'] {
  if (before.is === 'text') return [{ do: 'write', path, content: before.text }, ...then];
  if (before.is === 'bytes') return [{ do: 'write', path, content: { base64: before.base64 } }, ...then];
  if (before.is === 'absent') return [{ do: 'remove', path }, ...then];
  return { impossible: `what stood in ${path} before could not be read` };
}
