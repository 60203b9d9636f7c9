/**
 * The kernel's way to show a choice: `always [madvise] never`. A text without brackets is its own selection: it comes
 * from a directory that only looks like a kernel.
 */
export function selectedOf(text: string): string {
  return /\[([^\]]*)\]/.exec(text)?.[1] ?? text.trim();
}

/** What may be chosen; empty where the text does not tell. */
export function offeredBy(text: string): readonly string[] {
  return text.includes('[') ? text.replaceAll(/[[\]]/g, ' ').trim().split(/\s+/) : [];
}

/** What the file will read once `choice` is made. */
export function select(text: string, choice: string): string {
  if (!text.includes('[')) return choice;
  return [...new Set([...offeredBy(text), choice])].map((token) => (token === choice ? `[${token}]` : token)).join(' ');
}
