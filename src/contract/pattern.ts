import picomatch from 'picomatch';

/** Whether a name matches a shell pattern (`*`, `?`, `[…]`): `nvme*`. */
export function matches(pattern: string, name: string): boolean {
  return picomatch.isMatch(name, pattern, { nobrace: true, noextglob: true, noglobstar: true, nonegate: true });
}
