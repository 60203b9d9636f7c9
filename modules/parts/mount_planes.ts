import {
  type Change,
  complaintOf,
  devicePath,
  differences,
  dir,
  dirName,
  type Entry,
  entriesFor,
  file,
  forMount,
  lacks,
  link,
  type Mounted,
  mountedAt,
  mountOf,
  type Probe,
  Problem,
  parentOf,
  parseMounts,
  placeOf,
  printForetold,
  type Reading,
  replaceFile,
  rootOf,
  type Seen,
  sameType,
  shownOptions,
  stat,
  statName,
  toRemount,
  toRestore,
  unknown,
  withEntry,
  withoutEntries,
} from '../../src/contract/index.ts';

export const MOUNTINFO = '/proc/self/mountinfo';

/** What is asked of one path, on whichever plane. */
export type Asked = Entry & { readonly state: string };

/** What is mounted there, one over the other. */
export const mountProbe = (path: string): Probe => ({
  kind: 'command',
  argv: ['grep', '-E', mountedAt(path), MOUNTINFO],
  about: `${path} (mounted)`,
});

export const isBind = (opts: string): boolean => /(^|,)r?bind(,|$)/.test(opts);

/** The device that a source stands for; undefined where it stands for none. */
export const deviceOf = (src: string): string | undefined => {
  const path = devicePath(src);
  return path.startsWith('/') && !path.startsWith('//') ? path : undefined;
};

function mountsAt(seen: Seen): readonly Mounted[] {
  const output = seen.output('mount');
  if (!output || output.status > 1) {
    const hint = 'state: present says what the next boot shall bring, and asks no more than fstab';
    throw new Problem(
      'NoMounts',
      `what is mounted cannot be asked here: ${output ? complaintOf(output) : 'no grep'}`,
      hint,
    );
  }
  return parseMounts(output.stdout);
}

/** What of it one sees, as far as it can be told. */
export function topOf(seen: Seen): Mounted | undefined {
  const reading = seen.raw('mount');
  return reading.is === 'output' ? parseMounts(reading.stdout).at(-1) : undefined;
}

/** The line of fstab, or none. */
export function changeFstab(seen: Seen, path: string, systemd: string, asked: Asked, wanted: boolean): Change[] {
  const text = seen.text(path) ?? '';
  const lines = entriesFor(text, asked.path);
  const [line, ...others] = lines;
  const then = seen.stat(systemd) === undefined ? [] : [{ do: 'exec', argv: ['systemctl', 'daemon-reload'] } as const];
  const change = (content: string, summary: string): Change[] => [
    replaceFile({ path, before: seen.raw(path), content, summary: `${path}: ${asked.path}: ${summary}`, then }),
  ];
  if (!wanted)
    return line ? change(withoutEntries(text, lines), `${line.entry.src} (${line.entry.fstype}) → nothing`) : [];
  if (others.length > 0)
    throw new Problem(
      'ManyLines',
      `${path} has ${lines.length} lines for ${asked.path}`,
      'leave the one that is meant, or take all away with state: absent_from_fstab',
    );
  const told = line && differences(line.entry, asked);
  if (told?.length === 0) return [];
  const summary = told
    ? told.map((name) => `${name} ${line.entry[name]} → ${asked[name]}`).join(', ')
    : `nothing → ${asked.src} (${asked.fstype}, ${asked.opts})`;
  return change(withEntry(text, line, asked), summary);
}

/** What is to be done now. */
export function liveChanges(seen: Seen, asked: Asked): Change[] {
  const all = mountsAt(seen);
  const top = all.at(-1);
  if (asked.state === 'remounted') return [remountOnce(seen, asked, top)];
  if (asked.state === 'unmounted' || asked.state === 'absent') return top ? [unmount(seen, asked, all)] : [];
  if (!top) return [mountIt(seen, asked)];
  // It is mounted when somebody looks.
  if (top.type === 'autofs' && asked.opts.includes('x-systemd.automount')) return [];
  const other = otherwise(seen, asked, top);
  if (other !== undefined)
    throw new Problem(
      'MountedOtherwise',
      `${asked.path} has ${top.source} (${top.type}) mounted, and not ${asked.src}: ${other}`,
      'unmount it first (state: unmounted), where nobody needs it any more',
    );
  const missing = lacks(asked.opts, isBind(asked.opts) ? top.own : shownOptions(top), top.type);
  return missing.length > 0 ? [remount(seen, asked, all, missing)] : [];
}

/** How what is mounted is another thing than what is asked for. */
function otherwise(seen: Seen, { src, fstype, opts }: Asked, top: Mounted): string | undefined {
  if (isBind(opts)) {
    const on = boundFrom(seen, src);
    const root = on && rootOf(src, on);
    return on && (root !== top.root || on.device !== top.device) ? `${root} is bound there from elsewhere` : undefined;
  }
  if (!sameType(fstype, top.type)) return `it is no ${fstype}`;
  const device = deviceOf(src);
  // Any of its disks may be named.
  if (device === undefined || top.type === 'btrfs') return /:|^\/\//.test(src) ? remote(src, top) : undefined;
  if (seen.has('backing') && seen.text('backing')?.trim() === device) return undefined;
  const [wanted, there] = [resolvedAt(seen, device), resolvedAt(seen, top.source)];
  return wanted === undefined || there === undefined || wanted === there ? undefined : `that is ${wanted}`;
}

const remote = (src: string, top: Mounted): string | undefined =>
  src.replace(/\/+$/, '') === top.source.replace(/\/+$/, '') ? undefined : 'it comes from elsewhere';

/** Where the links of a device lead to; undefined where it is not there, or the kernel calls it by a name of its own. */
function resolvedAt(seen: Seen, device: string): string | undefined {
  const place = device.startsWith('/') && seen.has(statName(device)) ? placeOf(device, seen) : undefined;
  return place?.stat === undefined ? undefined : new URL(place.path, 'file:').pathname;
}

function boundFrom(seen: Seen, src: string): Mounted | undefined {
  const text = seen.text(MOUNTINFO);
  return text === undefined ? undefined : mountOf(src, parseMounts(text));
}

/** Nobody can tell before what stands below it then. */
const around = (path: string) => ({
  covers: path,
  disturbs: [file(MOUNTINFO), file('/proc/mounts'), stat(path)],
});

const shownAs = (before: Reading, stdout: string): Reading => ({
  is: 'output',
  status: stdout === '' ? 1 : 0,
  stdout,
  stderr: before.is === 'output' ? before.stderr : '',
});

const linesOf = (reading: Reading): string[] =>
  reading.is === 'output' ? (reading.stdout.match(/[^\n]+\n?/g) ?? []) : [];

function mountIt(seen: Seen, asked: Asked): Change {
  const { path, src, fstype, opts } = asked;
  const before = seen.raw('mount');
  const place = seen.stat(statName(path));
  const words = forMount(opts);
  const on = isBind(opts) ? boundFrom(seen, src) : undefined;
  const root = on ? rootOf(src, on) : '/';
  return {
    target: mountProbe(path),
    plane: 'live',
    summary: `${path}: nothing → ${src} (${fstype})`,
    before,
    after: shownAs(before, printForetold({ root, path, type: fstype, source: src }, words.join(','))),
    do: [
      ...(place === undefined ? [{ do: 'mkdir', path } as const] : []),
      {
        do: 'exec',
        argv: [
          'mount',
          ...(isBind(opts) ? [] : ['-t', fstype]),
          ...(words.length > 0 ? ['-o', words.join(',')] : []),
          src,
          path,
        ],
      },
    ],
    undo: [{ do: 'exec', argv: ['umount', path] }, ...(place === undefined ? [{ do: 'remove', path } as const] : [])],
    impact: 'none',
    ...around(path),
    shown: { before: '', after: `${src} ${fstype} ${words.join(',')}` },
  };
}

function remount(seen: Seen, asked: Asked, all: readonly Mounted[], missing: readonly string[]): Change {
  const { path, opts } = asked;
  const top = all.at(-1);
  if (!top) throw new Error('what is not mounted cannot be mounted anew');
  const before = seen.raw('mount');
  const bind = isBind(opts) ? ['bind'] : [];
  const source = isBind(opts) ? asked.src : top.source;
  const anew = (words: readonly string[]) =>
    ({ do: 'exec', argv: ['mount', '-o', ['remount', ...bind, ...words].join(','), source, path] }) as const;
  const foretold = printForetold({ root: '/', path, type: top.type, source: top.source }, forMount(opts).join(','));
  return {
    target: mountProbe(path),
    plane: 'live',
    summary: `${path}: mounted anew with ${missing.join(', ')}`,
    before,
    after: shownAs(before, [...linesOf(before).slice(0, -1), foretold].join('')),
    do: [anew(toRemount(opts))],
    undo: [anew(toRestore(opts, isBind(opts) ? top.own : shownOptions(top)))],
    impact: 'none',
    disturbs: [file(MOUNTINFO), file('/proc/mounts'), stat(path)],
    hints: {
      DidNotConverge: 'not every option can be changed while it is mounted: unmount it (state: unmounted) and mount it',
    },
    shown: { before: shownOptions(top), after: forMount(opts).join(',') },
  };
}

function remountOnce(seen: Seen, { path, opts }: Asked, top: Mounted | undefined): Change {
  if (!top) throw new Problem('NotMounted', `nothing is mounted at ${path}`, 'state: mounted mounts it');
  return {
    target: mountProbe(path),
    plane: 'live',
    summary: `${path}: mounted anew`,
    before: seen.raw('mount'),
    after: unknown(`${path} is mounted anew`),
    do: [{ do: 'exec', argv: ['mount', '-o', ['remount', ...forMount(opts)].join(','), path] }],
    undo: { impossible: 'what it was mounted with before may not be all that is shown' },
    impact: 'none',
    once: true,
  };
}

/** What it was mounted on goes with the line of fstab, where nothing is mounted and nothing stands in it. */
export function dropDirectory(seen: Seen, path: string): Change[] {
  const now = seen.has(statName(path)) ? seen.stat(statName(path)) : undefined;
  if (now?.type !== 'dir' || topOf(seen) || seen.names(dirName(path))?.length !== 0) return [];
  const { mode, owner, group } = now;
  return [
    {
      target: stat(path),
      plane: 'persistent',
      summary: `${path}: an empty directory → absent`,
      before: seen.raw(statName(path)),
      after: { is: 'absent' },
      do: [{ do: 'remove', path }],
      undo: [
        { do: 'mkdir', path, mode },
        { do: 'own', path, mode, owner, group },
      ],
      impact: 'none',
      disturbs: [file(path), link(path), dir(parentOf(path))],
      moves: [{ probe: dir(path), after: { is: 'absent' } }],
    },
  ];
}

function unmount(seen: Seen, { path, state }: Asked, all: readonly Mounted[]): Change {
  // What is below a mount is seen when it is gone. A file that is mounted over a file stays.
  const drops = state === 'absent' && seen.stat(statName(path))?.type === 'dir';
  const back = backAgain(seen, path, all);
  const before = seen.raw('mount');
  const shown = all.map(({ source, type }) => `${source} (${type})`).join(', ');
  return {
    target: mountProbe(path),
    plane: 'live',
    summary: `${path}: ${shown} → nothing${drops ? ', and no directory where that is empty' : ''}`,
    before,
    after: shownAs(before, ''),
    do: [
      ...all.map(() => ({ do: 'exec', argv: ['umount', path] }) as const),
      ...(drops ? [{ do: 'exec', argv: ['rmdir', '--ignore-fail-on-non-empty', path] } as const] : []),
    ],
    undo: drops && Array.isArray(back) ? [{ do: 'mkdir', path }, ...back] : back,
    impact: 'none',
    ...around(path),
    hints: { EBUSY: `something uses it: fuser -vm ${path}` },
    shown: { before: shown, after: '' },
  };
}

function backAgain(seen: Seen, path: string, all: readonly Mounted[]): Change['undo'] {
  const [one, ...others] = all;
  if (!one || others.length > 0) return { impossible: 'several were mounted there, one over the other' };
  if (['tmpfs', 'ramfs'].includes(one.type)) return { impossible: 'what was in it is gone' };
  if (entriesFor(seen.text('/etc/fstab') ?? '', path).length === 1) return [{ do: 'exec', argv: ['mount', path] }];
  if (one.root !== '/' || !one.source.startsWith('/dev/'))
    return { impossible: 'fstab does not say how it was mounted' };
  return [{ do: 'exec', argv: ['mount', '-t', one.type, '-o', one.own, one.source, path] }];
}
