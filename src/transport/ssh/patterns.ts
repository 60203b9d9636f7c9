/** ssh_config(5) PATTERNS: `*` and `?`, nothing else is special. */
function matches(name: string, pattern: string): boolean {
  if (!/[*?]/.test(pattern)) return name === pattern;
  let at = 0;
  let from = 0;
  let star = -1;
  let mark = 0;
  while (from < name.length) {
    const wanted = pattern.charAt(at);
    if (wanted === '*') {
      star = at++;
      mark = from;
    } else if (wanted === '?' || wanted === name.charAt(from)) {
      at++;
      from++;
    } else if (star >= 0) {
      at = star + 1;
      from = ++mark;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(at));
}

/** Whether a list of patterns takes this name: one matches, and none that is negated with `!` does. */
export function matchesList(name: string, patterns: readonly string[]): boolean {
  let found = false;
  for (const pattern of patterns) {
    if (pattern.startsWith('!')) {
      if (matches(name, pattern.slice(1))) return false;
    } else found ||= matches(name, pattern);
  }
  return found;
}
