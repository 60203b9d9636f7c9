import { glob, type Probe } from './probe.ts';
import type { Reading } from './reading.ts';
import type { Seen } from './seen.ts';

/** A thing of the host that the next boot may call something else: a disk, an interrupt. */
export interface Thing {
  /** What stands before its name in paths: `/sys/block/`. */
  readonly under: string;
  /** What it is called: `sda`. */
  readonly name: string;
  // Where each thing of its kind says what it is, `*` for its name: `/sys/block/*/device/wwid`.
  readonly tells: string;
  /** What this one says, trimmed; of bytes that are no text those that can be printed. */
  readonly says: string;
}

export const thingProbe = ({ tells }: Thing): Probe => glob(tells);

/** By name what each says of itself, or nothing. */
export function saidBy(tells: string, seen: Seen): ReadonlyMap<string, string> {
  const [before = '', after = ''] = tells.split('*');
  const reading = seen.raw(tells);
  const files = reading.is === 'files' ? Object.entries(reading.files) : [];
  return new Map(files.map(([path, said]) => [path.slice(before.length, path.length - after.length), plain(said)]));
}

function plain(said: Reading): string {
  if (said.is === 'text') return said.text.trim();
  if (said.is !== 'bytes') return '';
  return Buffer.from(said.base64, 'base64')
    .toString('latin1')
    .replace(/[^ -~]+/g, '')
    .trim();
}

/** What it is called now. Undefined where none says so, or several do that are none of the old name. */
export function nameNow(thing: Thing, seen: Seen): string | undefined {
  const names = [...saidBy(thing.tells, seen)].flatMap(([name, said]) => (said === thing.says ? [name] : []));
  if (names.includes(thing.name)) return thing.name;
  return names.length === 1 ? names[0] : undefined;
}
