import { z } from 'zod';
import { flag } from '../src/contract/fields.ts';
import { absolutePath, attributes } from '../src/contract/file-fields.ts';
import {
  type Action,
  type Change,
  defineModule,
  dir,
  dirName,
  file as fileProbe,
  linkName,
  link as linkProbe,
  modeOf,
  NOTHING,
  ownedBy,
  type Plan,
  type Probes,
  Problem,
  parentOf,
  placeOf,
  placeProbes,
  planOf,
  requireParent,
  resolved,
  type Seen,
  type Stat,
  setAttributes,
  stat,
  statName,
  text,
  treeChange,
  treeProbes,
} from '../src/contract/index.ts';

const Params = z
  .strictObject({
    path: absolutePath()
      .transform((path) => path.replace(/(?<=.)\/+$/, ''))
      .describe('What it is about.'),
    state: z
      .enum(['file', 'directory', 'link', 'absent', 'touch'])
      .prefault('file')
      .describe(
        '`file`: what is there, of whichever kind, has these attributes; it is not made. `touch`: made where it is not there, else its times are set.',
      ),
    src: z.string().min(1).optional().describe('What a link leads to, absolute or from its own directory.'),
    force: flag()
      .prefault(false)
      .describe(
        'Whether a link may lead to what is not there, and may take the place of a file or an empty directory.',
      ),
    recurse: flag()
      .prefault(false)
      .describe('Whether all that is in the directory gets the attributes as well. Links in it are left alone.'),
    ...attributes,
  })
  .refine(({ state, src }) => (state === 'link') === (src !== undefined), {
    path: ['src'],
    error: 'src belongs to state: link, which needs it',
  })
  .refine(({ state, recurse }) => !recurse || state === 'directory', {
    path: ['recurse'],
    error: 'recurse belongs to state: directory',
  })
  .refine(
    ({ state, mode, owner, group }) => !['link', 'absent'].includes(state) || (mode ?? owner ?? group) === undefined,
    'mode, owner and group cannot be set of a link, or of what shall be absent',
  )
  .refine(({ state, path }) => state !== 'absent' || path !== '/', 'the whole host is not removed');
type Params = z.infer<typeof Params>;

export const file = defineModule({
  name: 'file',
  summary: 'Have a directory, a link or an empty file, with its mode and owner, or have none.',
  notes: `
Links at \`path\` are followed, but by \`state: link\` and \`state: absent\`. A directory is made with the directories above it that are not
there, which get the same attributes. \`state: absent\` takes a directory with all that is in it, which cannot be taken back.`,
  params: Params,
  reads(params, seen): Probes {
    const { path, state, src } = params;
    const follows = state !== 'link' && state !== 'absent';
    const own = follows ? placeProbes(path, seen) : lone(path);
    const real = (follows && placeOf(path, seen)?.path) || path;
    const above = state === 'directory' ? ancestors(path) : [parentOf(path)];
    return {
      ...own,
      ...Object.fromEntries(above.map((one) => [statName(one), stat(one)])),
      ...(state === 'absent' && { [dirName(path)]: dir(path), [bytesName(path)]: fileProbe(path) }),
      ...(state === 'touch' && { [bytesName(path)]: fileProbe(path) }),
      ...(state === 'link' && {
        [dirName(path)]: dir(path),
        [statName(resolved(path, src ?? ''))]: stat(resolved(path, src ?? '')),
      }),
      ...(params.recurse && treeProbes(real, params)),
    };
  },
  plan(params, seen) {
    const values = { path: params.path, ...(params.state !== 'absent' && { dest: params.path }), state: params.state };
    return { ...PLANS[params.state](params, seen), values };
  },
  examples: [
    {
      title: 'A directory, with those above it',
      params: { path: '/srv/images/iso', state: 'directory', owner: 'root', group: 'root', mode: '0750' },
      host: { '/srv/README': 'here\n' },
    },
    {
      title: 'The mode of a file',
      params: { path: '/etc/shadow-', mode: 'go-rwx' },
      host: { '/etc/shadow-': { text: 'root:x\n', mode: '0644' } },
    },
    {
      title: 'A link, in the place of a file',
      params: { path: '/etc/localtime', src: '/usr/share/zoneinfo/UTC', state: 'link', force: true },
      host: { '/usr/share/zoneinfo/UTC': 'TZif\n', '/etc/localtime': 'TZif of old\n' },
    },
    {
      title: 'A link to another place',
      params: { path: '/etc/alternatives/vi', src: '../../bin/vim', state: 'link' },
      host: { '/bin/vim': 'x', '/etc/alternatives/vi': { link: '/bin/nano' } },
    },
    {
      title: 'A file that shall be gone',
      params: { path: '/etc/cron.d/old', state: 'absent' },
      host: { '/etc/cron.d/old': '* * * * * root true\n', '/etc/cron.d/new': '' },
    },
    {
      title: 'An empty file to be there',
      params: { path: '/var/lib/kvmplay.stamp', state: 'touch', recurse: false },
      host: { '/var/lib/README': '' },
    },
  ],
});

const bytesName = (path: string): string => `content of ${path}`;

/** What stands at the path itself, a link as a link. */
const lone = (path: string): Probes => ({ [statName(path)]: stat(path), [linkName(path)]: linkProbe(path) });

/** The directories above, from the top. */
function ancestors(path: string): string[] {
  const parts = path.split('/').slice(1, -1);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`);
}

const PLANS: Readonly<Record<Params['state'], (params: Params, seen: Seen) => Plan>> = {
  file: onlyAttributes,
  directory,
  link: linked,
  absent,
  touch,
};

function theirs(params: Params, seen: Seen): { path: string; now: Stat | undefined } {
  const place = placeOf(params.path, seen);
  if (!place) throw new Error(`${params.path} was not read`);
  return { path: place.path, now: place.stat };
}

function onlyAttributes(params: Params, seen: Seen): Plan {
  const { path, now } = theirs(params, seen);
  if (!now) {
    seen.missing(statName(path));
    throw new Problem(
      'NoFile',
      `there is no ${path}`,
      'state: touch makes an empty file, state: directory a directory',
    );
  }
  return planOf([setAttributes(seen, path, now, params)].filter((change) => change !== undefined));
}

function directory(params: Params, seen: Seen): Plan {
  const { path, now } = theirs(params, seen);
  if (now && now.type !== 'dir') throw new Problem('NotADirectory', `${path} is there and is no directory`);
  if (now) {
    const own = setAttributes(seen, path, now, params);
    const tree = params.recurse ? treeChange(seen, path, params) : undefined;
    return planOf([own, tree].filter((change) => change !== undefined));
  }
  const missing = [...ancestors(path).filter((one) => seen.stat(statName(one)) === undefined), path];
  return planOf(missing.map((one) => makeDirectory(seen, one, params)));
}

function makeDirectory(seen: Seen, path: string, params: Params): Change {
  const looks = ownedBy(undefined, params, true);
  const owned = params.owner !== undefined || params.group !== undefined;
  const own = { do: 'own', path, ...given(params) } as const;
  return {
    target: stat(path),
    plane: 'persistent',
    summary: `${path}: not there → a directory`,
    before: seen.raw(statName(path)),
    after: { is: 'stat', stat: { type: 'dir', size: 4096, ...looks } },
    do: [{ do: 'mkdir', path, ...(params.mode !== undefined && { mode: looks.mode }) }, ...(owned ? [own] : [])],
    undo: [{ do: 'remove', path }],
    impact: 'none',
    disturbs: [dir(parentOf(path))],
  };
}

const given = ({ mode, owner, group }: Params) => ({
  ...(mode !== undefined && { mode: modeOf(mode, '0755', true) }),
  ...(owner !== undefined && { owner }),
  ...(group !== undefined && { group }),
});

function linked({ path, src = '', force }: Params, seen: Seen): Plan {
  const now = seen.stat(statName(path));
  const before = now?.type === 'link' ? seen.text(linkName(path)) : undefined;
  if (before === src) return NOTHING;
  requireParent(seen, path);
  if (!force && seen.stat(statName(resolved(path, src))) === undefined) {
    seen.missing(statName(resolved(path, src)));
    throw new Problem(
      'NoFile',
      `there is no ${resolved(path, src)} for ${path} to lead to`,
      'force: true makes the link all the same',
    );
  }
  if (now && now.type !== 'link' && !(force && (now.type === 'file' || seen.names(dirName(path))?.length === 0)))
    throw new Problem(
      'InTheWay',
      `${path} is there and is no link`,
      now.type === 'dir' ? 'take it away before' : 'force: true replaces it',
    );
  const clear: Action[] = now?.type === 'dir' ? [{ do: 'remove', path }] : [];
  const undo: Change['undo'] =
    before !== undefined
      ? [{ do: 'link', path, to: before }]
      : now === undefined
        ? [{ do: 'remove', path }]
        : now.type === 'dir'
          ? [
              { do: 'remove', path },
              { do: 'mkdir', path, mode: now.mode },
            ]
          : { impossible: `the file that stood at ${path} was not kept` };
  return planOf([
    {
      target: linkProbe(path),
      plane: 'persistent',
      summary: `${path}: ${before === undefined ? (now ? 'no link' : 'not there') : `→ ${before}`} → a link to ${src}`,
      before: seen.raw(linkName(path)),
      after: text(src),
      do: [...clear, { do: 'link', path, to: src }],
      undo,
      impact: 'none',
      disturbs: [stat(path), fileProbe(path), dir(path)],
      moves: [{ probe: stat(path), after: A_LINK }],
    },
  ]);
}

const A_LINK = {
  is: 'stat',
  stat: { type: 'link', mode: '0777', owner: 'root', group: 'root', size: 0 },
} as const;

function absent({ path }: Params, seen: Seen): Plan {
  const now = seen.stat(statName(path));
  if (!now) return NOTHING;
  const names = now.type === 'dir' ? (seen.names(dirName(path)) ?? []) : [];
  return planOf([
    {
      target: stat(path),
      plane: 'persistent',
      summary: `${path}: ${WORDS[now.type]}${names.length > 0 ? ` with ${names.length} entries` : ''} → absent`,
      before: seen.raw(statName(path)),
      after: { is: 'absent' },
      do: [{ do: 'remove', path, ...(now.type === 'dir' && { tree: true }) }],
      undo: restore(seen, path, now, names.length),
      impact: 'none',
      disturbs: [fileProbe(path), linkProbe(path), dir(path), dir(parentOf(path))],
      moves: [
        { probe: fileProbe(path), after: { is: 'absent' } },
        { probe: linkProbe(path), after: { is: 'absent' } },
        { probe: dir(path), after: { is: 'absent' } },
      ],
    },
  ]);
}

const WORDS = { file: 'a file', dir: 'a directory', link: 'a link', other: 'a device, socket or FIFO' } as const;

function restore(seen: Seen, path: string, now: Stat, entries: number): Change['undo'] {
  const { mode, owner, group } = now;
  if (now.type === 'link') return [{ do: 'link', path, to: seen.text(linkName(path)) ?? '' }];
  if (now.type === 'dir' && entries === 0)
    return [
      { do: 'mkdir', path, mode },
      { do: 'own', path, mode, owner, group },
    ];
  const content = now.type === 'file' ? seen.raw(bytesName(path)) : undefined;
  if (content?.is === 'text') return [{ do: 'write', path, content: content.text, mode, owner, group }];
  if (content?.is === 'bytes') return [{ do: 'write', path, content: { base64: content.base64 }, mode, owner, group }];
  return { impossible: `what was in ${path} was not kept` };
}

function touch(params: Params, seen: Seen): Plan {
  const { path, now } = theirs(params, seen);
  if (now) {
    const own = setAttributes(seen, path, now, params);
    return planOf([
      ...(own ? [own] : []),
      {
        target: stat(path),
        plane: 'persistent',
        summary: `${path}: its times are set`,
        before: seen.raw(statName(path)),
        after: { is: 'unknown', because: 'its times are set' },
        do: [{ do: 'exec', argv: ['touch', '--', path] }],
        undo: { impossible: 'the times that it had were not kept' },
        impact: 'none',
        once: true,
      },
    ]);
  }
  requireParent(seen, path);
  const looks = ownedBy(undefined, params);
  return planOf([
    {
      target: stat(path),
      plane: 'persistent',
      summary: `${path}: not there → an empty file`,
      before: seen.raw(statName(path)),
      after: { is: 'stat', stat: { type: 'file', size: 0, ...looks } },
      do: [
        { do: 'write', path, content: '', ...given(params), ...(params.mode !== undefined && { mode: looks.mode }) },
      ],
      undo: [{ do: 'remove', path }],
      impact: 'none',
      disturbs: [fileProbe(path)],
      moves: [{ probe: fileProbe(path), after: text('') }],
    },
  ]);
}
