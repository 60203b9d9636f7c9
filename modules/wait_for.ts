import { z } from 'zod';
import { integer } from '../src/contract/fields.ts';
import { absolutePath, pattern } from '../src/contract/file-fields.ts';
import { defineModule, file, linearRegex, NOTHING, type Seen, stat } from '../src/contract/index.ts';

const Params = z
  .strictObject({
    port: integer(1, 65_535).optional().describe('A TCP port of the host itself: whether something listens there.'),
    path: absolutePath().optional().describe('A path: whether something stands there.'),
    search_regex: pattern()
      .optional()
      .describe('Whether this is found in the file at `path`; `^` and `$` are those of its lines.'),
    state: z
      .enum(['started', 'present', 'stopped', 'absent'])
      .prefault('started')
      .describe('What to wait for: `started` and `present` mean the same, `stopped` and `absent` the opposite.'),
    timeout: integer(0, 86_400).prefault(300).describe('Seconds after which the task fails.'),
    sleep: integer(1, 3600).prefault(1).describe('Seconds between two looks.'),
    msg: z.string().optional().describe('What to say when it fails.'),
  })
  .refine(
    ({ port, path }) => (port === undefined) !== (path === undefined),
    'give either port or path; to wait for time to pass, use pause',
  )
  .refine(({ path, search_regex: search }) => search === undefined || path !== undefined, {
    path: ['path'],
    error: 'search_regex needs a path',
  });
type Params = z.infer<typeof Params>;

/** Sockets by address family; the fourth field is the state. Source: Documentation/networking/proc_net_tcp.rst. */
const SOCKETS = ['/proc/net/tcp', '/proc/net/tcp6'];
const LISTEN = '0A';

export const wait_for = defineModule({
  name: 'wait_for',
  summary: 'Wait until something listens on a port, or stands at a path.',
  notes: `
The host itself is looked at, again and again, and nothing is changed. To wait for a port of another host, delegate the task to it. In
check mode nothing is waited for: what is not so yet is unknown.`,
  params: Params,
  reads: ({ port, path, search_regex: search }) => ({
    ...(port !== undefined && Object.fromEntries(SOCKETS.map((one) => [one, file(one)]))),
    ...(path !== undefined && { place: stat(path) }),
    ...(path !== undefined && search !== undefined && { content: file(path) }),
  }),
  plan(params, seen) {
    const { port, path, state, timeout, sleep, msg } = params;
    const wanted = state === 'started' || state === 'present';
    const values = { state, ...(port !== undefined && { port }), ...(path !== undefined && { path }) };
    if (isThere(params, seen) === wanted) return { ...NOTHING, values };
    const what = port === undefined ? path : `port ${port}`;
    const reason = msg ?? `${what} to be ${state}`;
    return { ...NOTHING, values, waits: { until: reason, seconds: timeout, every: sleep } };
  },
  examples: [
    {
      title: 'Until libvirtd can be asked',
      params: { path: '/run/libvirt/libvirt-sock', timeout: 60, sleep: 2 },
      host: { '/run/libvirt/libvirt-sock': '' },
    },
    {
      title: 'Until nobody listens any more',
      params: { port: 16509, state: 'stopped', msg: 'libvirtd still listens' },
      host: { '/proc/net/tcp': '  sl  local_address rem_address   st\n   0: 00000000:407D 00000000:0000 0A\n' },
    },
    {
      title: 'Until a log says so',
      params: { path: '/var/log/boot.log', search_regex: '^done$' },
      host: { '/var/log/boot.log': 'begun\n' },
    },
  ],
});

function isThere({ port, search_regex: search }: Params, seen: Seen): boolean {
  if (port !== undefined) return SOCKETS.some((one) => listens(seen.text(one) ?? '', port));
  if (search === undefined) return seen.stat('place') !== undefined;
  const content = seen.raw('content');
  const text = content.is === 'bytes' ? Buffer.from(content.base64, 'base64').toString('latin1') : seen.text('content');
  return text !== undefined && linearRegex(search, 'm').search(text) !== undefined;
}

const listens = (sockets: string, port: number): boolean =>
  sockets.split('\n').some((line) => {
    const [, local = '', , state] = line.trim().split(/\s+/);
    return state === LISTEN && Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16) === port;
  });
