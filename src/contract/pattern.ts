import picomatch from 'picomatch';

/** Whether a name matches a shell pattern (`*`, `?`, `[…]`): `nvme*`. */
export function matches(pattern: string, name: string): boolean {
  return picomatch.isMatch(name, pattern, { nobrace: true, noextglob: true, noglobstar: true, nonegate: true });
}

/** The same for names that are no file names: `*` takes a slash and a leading dot too, as in sh's `case`. */
export function matchesText(pattern: string, text: string): boolean {
  return picomatch.isMatch(text, pattern, { nobrace: true, noextglob: true, bash: true, dot: true, nonegate: true });
}
