/** What a command that failed has to say is at the end of it; of a long story, this much is told. */
const LINES = 20;
const LETTERS = 2000;
/** Shorter words on stderr than these may only point at what stands on stdout. */
const LITTLE = 100;

/**
 * What a command that failed says of it: stderr and, where that is short, the end of stdout too. apt, zypper and others
 * explain themselves there.
 */
export function complaintOf({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): string {
  const said = endOf(stderr);
  if (said.length >= LITTLE) return said;
  const printed = endOf(stdout);
  if (printed === '' || said.includes(printed)) return said;
  return said === '' ? printed : `${said}; on stdout: ${printed}`;
}

function endOf(text: string): string {
  const all = text.split('\n').map(lastOverwritten);
  const lines = all.join('\n').trim().split('\n');
  const kept = lines.slice(-LINES);
  // Whole lines: half of a secret would not be known for one.
  while (kept.length > 0 && kept.join('\n').length > LETTERS) kept.shift();
  return kept.length < lines.length ? `… ${kept.join('\n')}`.trimEnd() : kept.join('\n');
}

/** A progress bar writes over itself: what a terminal shows in the end. */
const lastOverwritten = (line: string): string => line.trimEnd().split('\r').at(-1)?.trimEnd() ?? '';
