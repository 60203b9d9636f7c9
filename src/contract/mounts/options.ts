import { parseKib } from '../size.ts';

/** Options of a mount by name, the last one of each that counts; what is so by default is left out. */
export type Options = ReadonlyMap<string, string>;

/** Pairs that take each other back, that which holds unless said otherwise first. Source: mount(8). */
const PAIRS: readonly (readonly string[])[] = [
  ['rw', 'ro'],
  ['suid', 'nosuid'],
  ['dev', 'nodev'],
  ['exec', 'noexec'],
  ['async', 'sync'],
  ['diratime', 'nodiratime'],
  ['symfollow', 'nosymfollow'],
  ['nolazytime', 'lazytime'],
  // The kernel's own way since 2.6.30; whichever was said last counts.
  ['relatime', 'noatime', 'strictatime'],
  ['atime', 'noatime'],
  ['auto', 'noauto'],
  ['nouser', 'user'],
];
const OFF: Readonly<Record<string, readonly string[]>> = { nouser: ['user', 'users'] };

/** What says who may mount it says this, too, unless what follows says otherwise. */
const IMPLIED: Readonly<Record<string, readonly string[]>> = {
  user: ['nosuid', 'nodev', 'noexec'],
  users: ['nosuid', 'nodev', 'noexec'],
  owner: ['nosuid', 'nodev'],
  group: ['nosuid', 'nodev'],
};

/** What the kernel is never told: it is for mount, systemd and people. */
const FOR_OTHERS =
  /^(defaults|auto|noauto|user|users|nouser|owner|noowner|group|nogroup|nofail|fail|_netdev|comment|(x-|X-).*)$/;
/** What mount makes a loop device of, and how it mounts. */
const FOR_MOUNT = ['loop', 'offset', 'sizelimit', 'bind', 'rbind', 'remount'];
/** Source: mount(8). */
const DEFAULTS = ['rw', 'suid', 'dev', 'exec', 'auto', 'nouser', 'async'];

const wordsOf = (options: string): string[] => options.split(',').filter((word) => word !== '');

export function parseOptions(text: string): Options {
  const found = new Map<string, string>();
  const set = (word: string): void => {
    const [name = '', value] = word.split(/=(.*)/s);
    if (name === 'defaults') for (const one of DEFAULTS) set(one);
    for (const pair of PAIRS) if (pair.includes(word)) for (const other of pair) found.delete(other);
    for (const other of OFF[word] ?? []) found.delete(other);
    for (const implied of IMPLIED[word] ?? []) set(implied);
    // These may be there several times.
    if (/^(x-|X-|comment$)/.test(name)) found.set(word, '');
    else if (name !== 'defaults' && !PAIRS.some(([first]) => first === word)) found.set(name, value ?? '');
  };
  for (const word of wordsOf(text)) set(word);
  return found;
}

/** Whether two lines of fstab ask for the same. */
export function sameOptions(a: string, b: string): boolean {
  const [one, other] = [parseOptions(a), parseOptions(b)];
  return one.size === other.size && [...one].every(([name, value]) => sameValue(name, value, other.get(name)));
}

/** What mount is told: the words that are for it, in their order. */
export const forMount = (options: string): string[] =>
  wordsOf(options)
    .flatMap((word) => IMPLIED[word] ?? [word])
    .filter((word) => !FOR_OTHERS.test(nameOf(word)));

const nameOf = (word: string): string => word.replace(/=.*/s, '');

/** What is a difference also where it is there and was not asked for. */
const BOTH_WAYS = ['ro', 'nosuid', 'nodev', 'noexec', 'noatime', 'strictatime', 'nodiratime', 'nosymfollow', 'sync'];
/** What file systems show whenever it is so; of other words they may say nothing. */
const SHOWN = ['discard', 'lazytime', ...BOTH_WAYS];
/** What of a file system's own shows whenever it is not the default. Source: mm/shmem.c, fs/hugetlbfs/inode.c. */
const TELLS_ALL: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  tmpfs: { mode: '1777', uid: '0', gid: '0', size: '', nr_inodes: '', huge: 'never' },
  hugetlbfs: { mode: '755', uid: '0', gid: '0', size: '', min_size: '', nr_inodes: '' },
};
const READ_ONLY = ['iso9660', 'squashfs', 'erofs', 'cramfs', 'romfs', 'udf'];

/** How what is shown of a mount differs from what is asked for. What the kernel adds by itself, or may not show, is no difference. */
export function lacks(asked: string, shown: string, type: string): string[] {
  const [want, have] = [parseOptions(forMount(asked).join(',')), parseOptions(shown)];
  const defaults = TELLS_ALL[type] ?? {};
  const missing = [...want].flatMap(([name, value]) => {
    if (FOR_MOUNT.includes(name)) return [];
    const there = have.get(name) ?? defaults[name];
    if (there === undefined) return SHOWN.includes(name) && value === '' ? [name] : [];
    return sameValue(name, value, there) ? [] : [value === '' ? name : `${name}=${value}`];
  });
  // A bind mount has the flags of what it shows, and keeps those that it is not told of or loses them, by the age of mount(8).
  const inherits = want.has('bind') || want.has('rbind');
  const more = (inherits ? [] : BOTH_WAYS).filter(
    (name) => have.has(name) && !want.has(name) && !bringsItself(name, type),
  );
  return [...missing, ...more.map((name) => `not ${name}`)];
}

/** Read-only media, and what ordinary users may mount, are so whatever is asked. */
const bringsItself = (name: string, type: string): boolean =>
  (name === 'ro' && READ_ONLY.includes(type)) || (/^fuse/.test(type) && ['nosuid', 'nodev'].includes(name));

function sameValue(name: string, a: string, b: string | undefined): boolean {
  if (b === undefined) return false;
  if (a === b) return true;
  if (name === 'mode') return Number.parseInt(a, 8) === Number.parseInt(b, 8);
  if (/^(uid|gid)$/.test(name)) return /\D/.test(a) || Number(a) === Number(b);
  // A share of the memory is shown as the figure that it came to; the kernel rounds up to whole pages.
  if (/size$|^nr_inodes$/.test(name))
    return a.endsWith('%') || (b !== '' && Math.ceil(kib(a) / 4) === Math.ceil(kib(b) / 4));
  // btrfs says more than it was told: compress=zstd:3, subvol=/@.
  if (name.startsWith('compress')) return b.startsWith(`${a}:`);
  return name === 'subvol' && a.replace(/^\//, '') === b.replace(/^\//, '');
}

/** `64m`, `65536k`, `2M`, plain bytes. */
function kib(size: string): number {
  if (/^\d+$/.test(size)) return Number(size) / 1024;
  try {
    return parseKib(size);
  } catch {
    return Number.NaN;
  }
}

/** What takes a mount from what is shown of it to other options; complete, since what is not said is taken back. */
export function toRemount(options: string): string[] {
  const words = forMount(options).filter((word) => !['loop', 'bind', 'rbind'].includes(nameOf(word)));
  const says = (...names: readonly string[]) => words.some((word) => names.includes(nameOf(word)));
  // The kernel keeps its way with access times unless another is named.
  return [
    ...(says('ro', 'rw') ? [] : ['rw']),
    ...words,
    ...(says('noatime', 'relatime', 'strictatime') ? [] : ['relatime']),
  ];
}

/** The same back to what was shown before, of what `asked` touched. */
export function toRestore(asked: string, shown: string): string[] {
  const [want, have] = [parseOptions(asked), parseOptions(shown)];
  const flags = [...have.keys()].filter((name) => SHOWN.includes(name));
  const values = [...want].flatMap(([name, value]) => {
    if (value === '') return ['discard', 'lazytime'].includes(name) && !have.has(name) ? [`no${name}`] : [];
    const before = have.get(name) ?? (name === 'size' ? '50%' : undefined);
    return before === undefined || FOR_OTHERS.test(name) ? [] : [`${name}=${before}`];
  });
  return toRemount([...flags, ...values].join(','));
}
