import { z } from 'zod';
import { integer } from '../src/contract/fields.ts';
import { absolutePath } from '../src/contract/file-fields.ts';
import {
  defineModule,
  dir,
  dirName,
  file,
  type Probes,
  placeProbes,
  planOf,
  type Seen,
  sameMounts,
  stat,
  statName,
} from '../src/contract/index.ts';
import {
  changeFstab,
  deviceOf,
  dropDirectory,
  isBind,
  liveChanges,
  MOUNTINFO,
  mountProbe,
  topOf,
} from './parts/mount_planes.ts';

const FSTAB = '/etc/fstab';
const SYSTEMD = '/run/systemd/system';

/** What each state is about. */
const PLANES = {
  mounted: ['live', 'persistent'],
  present: ['persistent'],
  ephemeral: ['live'],
  unmounted: ['live'],
  absent: ['live', 'persistent'],
  absent_from_fstab: ['persistent'],
  remounted: ['live'],
} as const;
const WANTING = ['mounted', 'present', 'ephemeral'];

const Word = z.string().regex(/^[^\n\r\0]+$/, 'expected text on one line');

const Params = z
  .strictObject({
    path: absolutePath()
      .refine((path) => !path.split('/').includes('..'), 'expected a path without ..')
      .transform((path) => path.replaceAll(/\/+/g, '/').replace(/(?<=.)\/$/, ''))
      .describe('Where it is mounted.'),
    src: Word.optional().describe(
      'What is mounted: a device, `UUID=…`, `LABEL=…`, `host:/path`, a directory with `opts: bind`, or a name such as `tmpfs`.',
    ),
    fstype: z
      .string()
      .regex(/^[\w.-]+(,[\w.-]+)*$/, 'expected a type of file system, such as xfs')
      .refine((type) => type !== 'swap', 'swap is not mounted anywhere')
      .optional()
      .describe('Its type; `none` with `opts: bind`.'),
    opts: z
      .string()
      .regex(/^[^\s,]+(,[^\s,]+)*$/, 'expected options with commas between, and no blanks')
      .optional()
      .describe('Options, with commas between; `defaults` where nothing is said.'),
    state: z
      .enum(['mounted', 'present', 'ephemeral', 'unmounted', 'absent', 'absent_from_fstab', 'remounted'])
      .prefault('mounted')
      .describe(
        '`mounted`: now and at boot. `present`: in fstab, whatever is mounted now. `ephemeral`: now, whatever is in fstab. `unmounted`: not now. `absent`: neither now nor in fstab, nor is there the directory, where it is empty. `absent_from_fstab`: not in fstab. `remounted`: mounted once more, each time, with what fstab or `opts` says.',
      ),
    dump: integer(0, 9).prefault(0).describe('For dump(8): how often it is backed up.'),
    passno: integer(0, 9).prefault(0).describe('In which pass it is checked at boot; 0 is never.'),
  })
  .transform((params) => ({
    ...params,
    fstype: params.fstype ?? (isBind(params.opts ?? '') ? 'none' : undefined),
  }))
  .superRefine(({ state, src, fstype, opts }, context) => {
    const say = (name: string, message: string) => context.addIssue({ code: 'custom', path: [name], message });
    if (!WANTING.includes(state)) return;
    if (src === undefined) say('src', `state: ${state} needs a src`);
    if (fstype === undefined) say('fstype', `state: ${state} needs an fstype`);
    if (isBind(opts ?? '') && src !== undefined && !src.startsWith('/')) say('src', 'what is bound is a path');
  });
type Params = z.infer<typeof Params>;

const has = ({ state }: Params, plane: 'live' | 'persistent'): boolean =>
  (PLANES[state] as readonly string[]).includes(plane);

export const mount = defineModule({
  name: 'mount',
  summary: 'Have file systems mounted or not, now and at boot.',
  notes: `
What is mounted now (\`/proc/self/mountinfo\`) and what \`/etc/fstab\` says for the next boot are two things, and each is read, compared and
reported by itself. Of fstab only the line of this path is touched, and of that only what is not as asked. Options are compared by what they
mean: their order, \`defaults\`, and what the kernel adds by itself (\`rw,relatime\`) are no difference; \`size=64m\` is \`size=65536k\`. Where options
differ it is mounted anew in place (\`remount\`). Of a file system's own options a kernel may not show all: those it does not show are
taken to hold.

Where something else is mounted already the task fails (\`MountedOtherwise\`) rather than take it away from whoever uses it. \`absent\`
removes the directory with what it takes away, and leaves one in which there is anything, where Ansible's fails. A tmpfs that is unmounted cannot be brought back. To tasks behind it in check mode, what stands
below the path is unknown.`,
  params: Params,
  reads: (params, seen) => ({
    ...(has(params, 'persistent') && { [FSTAB]: file(FSTAB), [SYSTEMD]: stat(SYSTEMD) }),
    ...(has(params, 'live') && liveReads(params, seen)),
  }),
  plan(params, seen) {
    const asked = {
      ...params,
      src: params.src ?? '',
      fstype: params.fstype ?? 'auto',
      opts: params.opts ?? 'defaults',
    };
    const wanted = WANTING.includes(params.state);
    const live = has(params, 'live') ? liveChanges(seen, asked) : [];
    const persistent = has(params, 'persistent') ? changeFstab(seen, FSTAB, SYSTEMD, asked, wanted) : [];
    // What is taken away goes from fstab last, so that it can be brought back by what fstab says.
    if (wanted) return planOf([...persistent, ...live]);
    const place = params.state === 'absent' && persistent.length > 0 ? dropDirectory(seen, params.path) : [];
    return planOf([...live, ...persistent, ...place]);
  },
  same: (probe, a, b) => probe.kind === 'command' && sameMounts(a, b),
  examples: [
    {
      title: 'Images on a disk of their own',
      params: {
        path: '/var/lib/libvirt/images',
        src: 'UUID=0a3407de-014b-458b-b5c1-848e92a327a3',
        fstype: 'xfs',
        opts: 'noatime,nofail',
        passno: 2,
      },
      host: {
        '/etc/fstab': '# /etc/fstab\nUUID=1 / ext4 errors=remount-ro 0 1\n',
        '/proc/self/mountinfo': '21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro\n',
        '/run/systemd/system/x': '',
      },
    },
    {
      title: 'Memory for scratch files, with another size than there is',
      params: { path: '/srv/scratch pad', src: 'tmpfs', fstype: 'tmpfs', opts: 'size=64m,nosuid,nodev', dump: 0 },
      host: {
        '/etc/fstab': 'tmpfs\t/srv/scratch\\040pad  tmpfs size=32m,nodev,nosuid 0 0 # ours\n',
        '/proc/self/mountinfo':
          '21 1 254:0 / / rw,relatime - ext4 /dev/vda1 rw\n40 21 0:35 / /srv/scratch\\040pad rw,nosuid,nodev,relatime - tmpfs tmpfs rw,size=32768k\n',
      },
    },
    {
      title: 'A directory under another name, for the next boot',
      params: { path: '/export/images', src: '/var/lib/libvirt/images', opts: 'bind,ro', state: 'present' },
      host: { '/etc/fstab': '' },
    },
    {
      title: 'The same at once, whatever the next boot brings',
      params: { path: '/export/images', src: '/srv/images', opts: 'bind', state: 'ephemeral' },
      host: {
        '/proc/self/mountinfo':
          '21 1 254:0 / / rw,relatime - ext4 /dev/vda1 rw\n40 21 254:16 / /srv rw,relatime - xfs /dev/vdb rw\n',
      },
    },
    {
      title: 'Not now',
      params: { path: '/mnt/backup', state: 'unmounted' },
      host: {
        '/mnt/backup/data': '',
        '/proc/self/mountinfo':
          '21 1 254:0 / / rw,relatime - ext4 /dev/vda1 rw\n40 21 254:16 / /mnt/backup ro,noatime - ext4 /dev/vdb ro\n',
      },
    },
    {
      title: 'Mounted once more, read-only',
      params: { path: '/srv', opts: 'ro', state: 'remounted' },
      host: {
        '/proc/self/mountinfo':
          '21 1 254:0 / / rw,relatime - ext4 /dev/vda1 rw\n40 21 254:16 / /srv rw,relatime - xfs /dev/vdb rw\n',
      },
    },
    {
      title: 'Gone, now and at boot',
      params: { path: '/mnt/old', state: 'absent' },
      host: {
        '/etc/fstab': '/dev/vdb /mnt/old ext4 defaults 0 2\n',
        '/mnt/old/data': '',
        '/proc/self/mountinfo':
          '21 1 254:0 / / rw,relatime - ext4 /dev/vda1 rw\n40 21 254:16 / /mnt/old rw,relatime - ext4 /dev/vdb rw\n',
      },
    },
  ],
});

function liveReads(params: Params, seen: Seen): Probes {
  const { path, src = '', opts = '' } = params;
  const wanted = WANTING.includes(params.state);
  const device = wanted && !isBind(opts) ? deviceOf(src) : undefined;
  const top = seen.has('mount') ? topOf(seen) : undefined;
  const [, loop] = /^\/dev\/(loop\d+)$/.exec(top?.source ?? '') ?? [];
  return {
    mount: mountProbe(path),
    ...((wanted || params.state === 'absent') && { [statName(path)]: stat(path) }),
    ...(params.state === 'absent' && seen.has('mount') && !top && { [dirName(path)]: dir(path) }),
    ...(params.state === 'unmounted' && { [FSTAB]: file(FSTAB) }),
    ...(isBind(opts) && { [MOUNTINFO]: file(MOUNTINFO) }),
    ...(device !== undefined && placeProbes(device, seen)),
    ...(device !== undefined && top?.source.startsWith('/') && placeProbes(top.source, seen)),
    ...(loop !== undefined && { backing: file(`/sys/block/${loop}/loop/backing_file`) }),
  };
}
