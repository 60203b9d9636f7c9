import { glob, type Probe } from './probe.ts';
import type { Seen } from './seen.ts';

/** A thing of the host that the next boot may call something else: a disk, an interrupt. */
export interface Thing {
  /** What stands before its name in paths: `/sys/block/`. */
  readonly under: string;
  /** What it is called: `sda`. */
  readonly name: string;
  // Where each thing of its kind says what it is, `*` for its name: `/sys/block/*/device/wwid`.
  readonly tells: string;
  /** What this one says, trimmed. */
  readonly says: string;
}

export const thingProbe = ({ tells }: Thing): Probe => glob(tells);

/** What it is called now. Undefined where none says so, or several do that are none of the old name. */
export function nameNow(thing: Thing, seen: Seen): string | undefined {
  const [before = '', after = ''] = thing.tells.split('*');
  const reading = seen.raw(thing.tells);
  const files = reading.is === 'files' ? Object.entries(reading.files) : [];
  const names = files.flatMap(([path, said]) =>
    said.is === 'text' && said.text.trim() === thing.says
      ? [path.slice(before.length, path.length - after.length)]
      : [],
  );
  if (names.includes(thing.name)) return thing.name;
  return names.length === 1 ? names[0] : undefined;
}
