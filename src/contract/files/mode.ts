/** Modes as Ansible takes them: octal digits in quotes, or chmod(1)'s symbols. */
const CLAUSE = /^([ugoa]*)((?:[-+=](?:[ugo]|[rwxXst]*))+)$/;

export const isMode = (mode: string): boolean =>
  /^0?[0-7]{3,4}$/.test(mode) || mode.split(',').every((clause) => CLAUSE.test(clause));

const BITS: Readonly<Record<string, number>> = { r: 4, w: 2, x: 1 };
const SHIFT: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };
/** What a clause that names nobody leaves out. */
const UMASK = 0o022;

/** The mode that comes of it, in four octal digits, where `now` stands before. */
export function modeOf(mode: string, now: string, directory: boolean): string {
  if (/^[0-7]+$/.test(mode)) return mode.slice(-4).padStart(4, '0');
  let bits = Number.parseInt(now, 8);
  for (const clause of mode.split(',')) {
    const [, who = '', rest = ''] = CLAUSE.exec(clause) ?? [];
    const users = who === '' || who.includes('a') ? ['u', 'g', 'o'] : [...new Set(who)];
    for (const [, operator = '', perms = ''] of rest.matchAll(/([-+=])([ugo]|[rwxXst]*)/g)) {
      const any = (bits & 0o111) !== 0 || directory;
      let change = users.reduce((sum, user) => sum | bitsFor(perms, user, bits, any), 0);
      if (who === '') change &= ~UMASK;
      const all = users.reduce((sum, user) => sum | (7 << (SHIFT[user] ?? 0)), 0);
      if (operator === '+') bits |= change;
      else if (operator === '-') bits &= ~change;
      else bits = (bits & ~all & ~special(users, directory)) | change;
    }
  }
  return bits.toString(8).padStart(4, '0');
}

/** chmod(1) keeps a directory's set-user-ID and set-group-ID bits unless they are named. */
const special = (users: readonly string[], directory: boolean): number =>
  directory ? 0 : (users.includes('u') ? 0o4000 : 0) | (users.includes('g') ? 0o2000 : 0);

function bitsFor(perms: string, user: string, now: number, runs: boolean): number {
  const shift = SHIFT[user] ?? 0;
  if (/^[ugo]$/.test(perms)) return ((now >> (SHIFT[perms] ?? 0)) & 7) << shift;
  let bits = 0;
  for (const perm of perms) {
    bits |= (BITS[perm] ?? 0) << shift;
    if (perm === 'X' && runs) bits |= 1 << shift;
    if (perm === 's') bits |= user === 'u' ? 0o4000 : user === 'g' ? 0o2000 : 0;
    if (perm === 't') bits |= 0o1000;
  }
  return bits;
}
