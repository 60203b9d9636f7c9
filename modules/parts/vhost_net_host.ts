import { z } from 'zod';
import { flag, planes } from '../../src/contract/fields.ts';
import {
  type Action,
  type Change,
  command,
  defineModule,
  dropInProbes,
  dropInSettings,
  file,
  type LineFormat,
  type ModuleParameter,
  type Pending,
  parameterProbes,
  parametersHere,
  persistParameters,
  planOf,
  type Seen,
  sameParameter,
  setDropIn,
  setParameters,
  stat,
  text,
} from '../../src/contract/index.ts';

const STATE = '/sys/module/vhost_net/initstate';
const MODULE = '/sys/module/vhost_net';
const DEVICE = '/dev/vhost-net';
/** Written at boot: the nodes of modules that are not loaded, by which they are loaded when they are opened. */
const STATIC_NODES = '/run/tmpfiles.d/static-nodes.conf';
const LOAD = '/etc/modules-load.d/kvmplay-vhost_net.conf';
const OPTIONS = '/etc/modprobe.d/kvmplay-vhost_net.conf';
const RULES = '/etc/udev/rules.d/66-kvmplay-vhost_net.rules';
const CAN_LOAD = ['modprobe', '-n', '-q', 'vhost_net'] as const;

/** Beside the planes. */
export const hostParams = {
  experimental_zcopytx: flag()
    .optional()
    .describe('Whether packets are sent without copying them. Set when the module is loaded. Kernel default: false.'),
  mode: z
    .string()
    .regex(/^0?[0-7]{3}$/, 'expected an octal mode in quotes, such as "0660"')
    .transform((mode) => mode.padStart(4, '0'))
    .optional()
    .describe('Mode of `/dev/vhost-net`, for guests that are not started by libvirtd as root.'),
  group: z
    .string()
    .regex(/^[\w.-]+$/, "expected a group's name")
    .optional()
    .describe('Group of `/dev/vhost-net`, such as `kvm`.'),
};
const Params = z.strictObject({ ...hostParams, ...planes });
type Params = z.infer<typeof Params>;

/** One module's name on a line. Source: modules-load.d(5). */
const NAMES: LineFormat = {
  parse: (line) => (/^\s*[^#;\s]+\s*$/.test(line) ? [{ key: line.trim().replaceAll('-', '_'), value: '' }] : []),
  print: (name) => name,
  same: Object.is,
};

const BLACKLISTED: Pick<LineFormat, 'parse'> = {
  parse: (line) => (/^\s*blacklist\s+vhost[_-]net\s*$/.test(line) ? [{ key: 'vhost_net', value: undefined }] : []),
};

const RULE: LineFormat = {
  parse: (line) => {
    const [, key, value] = /^\s*(KERNEL=="vhost-net"), (.*?)\s*$/.exec(line) ?? [];
    return key === undefined ? [] : [{ key, value }];
  },
  print: (key, value) => `${key}, ${value}`,
  same: Object.is,
};

/** The kernel's side: the module, its parameters, its device. */
export const vhostNetHost = defineModule({
  name: 'vhost_net',
  summary: "Have the kernel carry guests' network packets: vhost_net, now and at every boot.",
  notes: `
\`/dev/vhost-net\` is there before the module is, so it proves nothing: what counts is \`/sys/module/vhost_net\`. libvirtd opens the device
as root for its guests; a group and a mode matter only to guests that are started by somebody else.`,
  params: Params,
  reads: (params) => ({
    ...parameterProbes(parametersOf(params), OPTIONS),
    [MODULE]: { kind: 'dir', path: MODULE },
    [STATE]: file(STATE),
    [DEVICE]: stat(DEVICE),
    [STATIC_NODES]: stat(STATIC_NODES),
    modprobe: command(...CAN_LOAD),
    ...(params.persistent && { ...dropInProbes('modules-load.d', LOAD), [RULES]: file(RULES) }),
  }),
  plan(params, seen) {
    const asked = parametersOf(params);
    const loaded = seen.names(MODULE) !== undefined;
    const canLoad = seen.output('modprobe');
    if (params.live && !loaded && canLoad && canLoad.status !== 0)
      return { changes: [], na: 'this kernel has no module vhost_net' };
    const { here, notes } = loaded ? parametersHere(seen, asked) : { here: asked, notes: [] };
    const live = !params.live ? [] : [...(loaded ? [] : load(asked, seen)), ...setDevice(params, seen)];
    const set = params.live && loaded ? setParameters(seen, here) : { changes: [], pending: [] };
    if (params.live && !loaded && !canLoad)
      notes.push('vhost_net: not loaded, and there is no modprobe to load it with');
    const boot = params.persistent ? persist(params, here, seen) : { changes: [], pending: [] };
    return planOf([...live, ...set.changes, ...boot.changes], [...set.pending, ...boot.pending], notes);
  },
  same: (_, a, b) => sameParameter(a, b),
  examples: [
    {
      title: 'Loaded, now and at boot',
      params: {},
      host: {
        '/lib/modules/6.1.0/kernel/drivers/vhost/vhost_net.ko': '',
        '/etc/modules-load.d/modules.conf': '# none\n',
      },
    },
    {
      title: 'Without copying, for guests of their own users',
      params: { experimental_zcopytx: true, group: 'kvm', mode: '0660' },
      host: {
        '/lib/modules/6.1.0/kernel/drivers/vhost/vhost_net.ko': '',
        [DEVICE]: { text: '', mode: '0600' },
        [RULES]: '# ours\nKERNEL=="vhost-net", MODE="0666"\n',
      },
    },
    {
      title: 'Without copying, where it is loaded already',
      params: { experimental_zcopytx: true },
      host: {
        [STATE]: 'live\n',
        '/sys/module/vhost_net/parameters/experimental_zcopytx': { text: '0\n', mode: '0444' },
      },
    },
  ],
});

const parametersOf = ({ experimental_zcopytx: zcopy }: Params): ModuleParameter[] =>
  zcopy === undefined ? [] : [{ module: 'vhost_net', name: 'experimental_zcopytx', value: String(Number(zcopy)) }];

function load(parameters: readonly ModuleParameter[], seen: Seen): Change[] {
  if (!seen.output('modprobe')) return [];
  const options = parameters.map(({ name, value }) => `${name}=${value}`);
  return [
    {
      target: file(STATE),
      plane: 'live',
      summary: `vhost_net: not loaded → loaded${options.map((option) => ` with ${option}`).join('')}`,
      before: seen.raw(STATE),
      after: text('live\n'),
      do: [{ do: 'exec', argv: ['modprobe', 'vhost_net', ...options] }],
      undo: [{ do: 'exec', argv: ['modprobe', '-r', 'vhost_net'] }, ...remakeNode(seen)],
      impact: 'none',
      disturbs: parameters.map(({ name }) => file(`${MODULE}/parameters/${name}`)),
    },
  ];
}

/** A module that goes takes the device's node with it, by which it would be loaded again. */
function remakeNode(seen: Seen): Action[] {
  const node = seen.stat(DEVICE);
  if (!node || !seen.stat(STATIC_NODES)) return [];
  return [
    { do: 'exec', argv: ['systemd-tmpfiles', '--create', '--boot', `--prefix=${DEVICE}`] },
    { do: 'own', path: DEVICE, mode: node.mode, group: node.group },
  ];
}

/** The device's group and mode, where they are asked for and it is there. */
function setDevice({ mode, group }: Params, seen: Seen): Change[] {
  const now = seen.stat(DEVICE);
  if (!now) return [];
  const wanted = { mode: mode ?? now.mode, group: group ?? now.group };
  if (wanted.mode === now.mode && wanted.group === now.group) return [];
  const own = (to: { mode: string; group: string }) =>
    ({ do: 'own', path: DEVICE, mode: to.mode, group: to.group }) as const;
  return [
    {
      target: stat(DEVICE),
      plane: 'live',
      summary: `${DEVICE}: ${now.mode} ${now.group} → ${wanted.mode} ${wanted.group}`,
      before: seen.raw(DEVICE),
      after: { is: 'stat', stat: { ...now, ...wanted } },
      do: [own(wanted)],
      undo: [own(now)],
      impact: 'none',
    },
  ];
}

function persist({ mode, group }: Params, parameters: readonly ModuleParameter[], seen: Seen) {
  const atBoot = setDropIn(seen, LOAD, NAMES, new Map([['vhost_net', '']]));
  const options = persistParameters(seen, OPTIONS, parameters);
  const sets = [
    ...(group ? [`GROUP="${group}"`] : []),
    ...(mode ? [`MODE="${mode}"`] : []),
    'OPTIONS+="static_node=vhost-net"',
  ];
  const rule =
    group || mode ? setDropIn(seen, RULES, RULE, new Map([['KERNEL=="vhost-net"', sets.join(', ')]])) : undefined;
  const banned = dropInSettings(seen, 'modprobe.d', BLACKLISTED).map(
    ({ from, line }): Pending => ({
      target: file(from.path),
      plane: 'persistent',
      summary: `vhost_net: ${from.path}:${line} blacklists it, so it will not be loaded at boot: take the line out`,
      before: text(from.text),
      after: text(
        from.text
          .split('\n')
          .toSpliced(line - 1, 1)
          .join('\n'),
      ),
      needs: 'manual',
    }),
  );
  const changes = [...options.changes, atBoot, rule].filter((change) => change !== undefined);
  return { changes, pending: [...options.pending, ...banned] };
}
