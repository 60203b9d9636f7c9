/** What a host answered to a probe, or why it is not known. Plain data. */
export type Reading =
  /** A file's content or a link's target. Files under /proc and /sys come with exactly one trailing newline at most. */
  | { readonly is: 'text'; readonly text: string }
  /** A file whose content is not UTF-8, in base64. */
  | { readonly is: 'bytes'; readonly base64: string }
  /** A directory's names. */
  | { readonly is: 'names'; readonly names: readonly string[] }
  /** A glob's matches: each path with what was read there. */
  | { readonly is: 'files'; readonly files: Readonly<Record<string, Reading>> }
  | { readonly is: 'stat'; readonly stat: Stat }
  /** What a command printed and how it ended. */
  | { readonly is: 'output'; readonly status: number; readonly stdout: string; readonly stderr: string }
  /** There is no such file, directory or command. `maybe`: a task before may bring it, for this reason. `why`: where it is not that alone. */
  | { readonly is: 'absent'; readonly maybe?: string; readonly why?: string }
  /** It is there and may not, or cannot, be read: the operating system's own words. */
  | { readonly is: 'refused'; readonly why: string }
  /** It cannot be known before something else has been done. */
  | { readonly is: 'unknown'; readonly because: string };

/** `type` is find(1)'s letter. `mode` is octal, four digits; `size` is in bytes. */
export interface Stat {
  readonly type: 'file' | 'dir' | 'link' | 'other';
  readonly mode: string;
  readonly owner: string;
  readonly group: string;
  readonly size: number;
}

export const ABSENT: Reading = { is: 'absent' };
export const text = (content: string): Reading => ({ is: 'text', text: content });
export const unknown = (because: string): Reading => ({ is: 'unknown', because });

/** A reading on one line, for summaries, diffs of knobs and error messages. */
export function describeReading(reading: Reading): string {
  switch (reading.is) {
    case 'text':
      return reading.text.trim();
    case 'bytes':
      return `${Buffer.from(reading.base64, 'base64').length} bytes that are not text`;
    case 'names':
      return reading.names.join(' ');
    case 'files':
      return Object.keys(reading.files).join(' ');
    case 'stat':
      return `${reading.stat.type} ${reading.stat.mode} ${reading.stat.owner}:${reading.stat.group}`;
    case 'output':
      return reading.stdout.trim();
    case 'absent':
      return 'absent';
    case 'refused':
      return `unreadable (${reading.why})`;
    case 'unknown':
      return `unknown (${reading.because})`;
  }
}
