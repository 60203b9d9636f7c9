import { z } from 'zod';
import {
  type Change,
  command,
  defineModule,
  dir,
  dropInProbes,
  file,
  type LineFormat,
  type ModuleParameter,
  type Pending,
  Problem,
  parameterProbes,
  parametersHere,
  persistParameters,
  planOf,
  type Seen,
  sameParameter,
  setDropIn,
  setParameters,
  text,
} from '../src/contract/index.ts';

const Params = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][\w-]*$/, "expected a kernel module's name")
    .transform((name) => name.replaceAll('-', '_'))
    .describe('The kernel module.'),
  state: z.enum(['present', 'absent']).prefault('present').describe('Whether it is loaded now.'),
  params: z
    .string()
    .regex(/^\s*(?:\w+(?:=\S*)?\s*)*$/, 'expected parameters such as "nested=1 ept=1"')
    .prefault('')
    .describe(
      'Parameters to load it with. Those that are loaded already are set where the kernel lets them, and else wait.',
    ),
  persistent: z
    .enum(['disabled', 'present', 'absent'])
    .prefault('disabled')
    .describe(
      'Whether it is loaded at boot with these parameters: `present`, `absent`; `disabled` leaves that as it is.',
    ),
});
type Params = z.infer<typeof Params>;

/** One module's name on a line. Source: modules-load.d(5). */
const NAMES: LineFormat = {
  parse: (line) => (/^\s*[^#;\s]+\s*$/.test(line) ? [{ key: line.trim().replaceAll('-', '_'), value: '' }] : []),
  print: (name) => name,
  same: Object.is,
};

const loadFile = ({ name }: Params): string => `/etc/modules-load.d/${name}.conf`;
const optionsFile = ({ name }: Params): string => `/etc/modprobe.d/${name}.conf`;
const moduleDir = ({ name }: Params): string => `/sys/module/${name}`;
const stateFile = (params: Params): string => `${moduleDir(params)}/initstate`;

export const modprobe = defineModule({
  name: 'modprobe',
  summary: 'Have a kernel module loaded or not, now and at boot.',
  notes: `
What is built into the kernel counts as loaded, and cannot be unloaded. At boot, modules are loaded by \`/etc/modules-load.d/NAME.conf\` with
the parameters in \`/etc/modprobe.d/NAME.conf\`.`,
  params: Params,
  reads: (params) => ({
    ...parameterProbes(parametersOf(params), optionsFile(params)),
    [moduleDir(params)]: dir(moduleDir(params)),
    [stateFile(params)]: file(stateFile(params)),
    modprobe: command('modprobe', '-n', '-q', params.name),
    ...dropInProbes('modules-load.d', loadFile(params)),
  }),
  plan(params, seen) {
    const asked = parametersOf(params);
    const loaded = seen.names(moduleDir(params)) !== undefined;
    const { here, notes } = loaded ? parametersHere(seen, asked) : { here: asked, notes: [] };
    const set = loaded && params.state === 'present' ? setParameters(seen, here) : { changes: [], pending: [] };
    const moved =
      loaded === (params.state === 'present')
        ? []
        : [params.state === 'present' ? load(params, seen) : unload(params, seen)];
    const boot = atBoot(params, asked, seen);
    return planOf([...moved, ...set.changes, ...boot.changes], [...set.pending, ...boot.pending], notes);
  },
  same: (_, a, b) => sameParameter(a, b),
  examples: [
    {
      title: 'Loaded, now and at boot',
      params: { name: 'vhost-net', persistent: 'present' },
      host: {
        '/lib/modules/6.1.0/kernel/drivers/vhost/vhost_net.ko': '',
        '/etc/modules-load.d/modules.conf': '# none\n',
      },
    },
    {
      title: 'With a parameter',
      params: { name: 'kvm_intel', params: 'nested=1', persistent: 'present' },
      host: { '/lib/modules/6.1.0/kernel/arch/x86/kvm/kvm_intel.ko': '' },
    },
    {
      title: 'Not loaded, and not at boot',
      params: { name: 'vhost_net', state: 'absent', persistent: 'absent' },
      host: {
        '/lib/modules/6.1.0/kernel/drivers/vhost/vhost_net.ko': '',
        '/sys/module/vhost_net/initstate': 'live\n',
        '/etc/modules-load.d/vhost_net.conf': '# ours\nvhost_net\n',
      },
    },
  ],
});

const parametersOf = ({ name, params }: Params): ModuleParameter[] =>
  params
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => {
      const [parameter = '', value = '1'] = word.split(/=(.*)/s);
      return { module: name, name: parameter, value };
    });

function load(params: Params, seen: Seen): Change {
  const { name } = params;
  const can = seen.output('modprobe');
  if (!can) {
    seen.missing('modprobe');
    throw new Problem('NoModprobe', 'there is no modprobe on this host');
  }
  if (can.status !== 0) throw new Problem('NoModule', `this kernel has no module ${name}`);
  const options = parametersOf(params).map((one) => `${one.name}=${one.value}`);
  return {
    target: file(stateFile(params)),
    plane: 'live',
    summary: `${name}: not loaded → loaded${options.map((option) => ` with ${option}`).join('')}`,
    before: seen.raw(stateFile(params)),
    after: text('live\n'),
    do: [{ do: 'exec', argv: ['modprobe', name, ...options] }],
    undo: [{ do: 'exec', argv: ['modprobe', '-r', name] }],
    impact: 'none',
    disturbs: parametersOf(params).map((one) => file(`${moduleDir(params)}/parameters/${one.name}`)),
  };
}

function unload(params: Params, seen: Seen): Change {
  const { name } = params;
  const state = seen.text(stateFile(params))?.trim();
  if (state !== undefined && state !== 'live')
    throw new Problem('NotLive', `${name} is being loaded or unloaded at this moment: the kernel calls it "${state}"`);
  if (state === undefined) throw new Problem('BuiltIn', `${name} is built into this kernel, and cannot be unloaded`);
  return {
    target: file(stateFile(params)),
    plane: 'live',
    summary: `${name}: loaded → not loaded`,
    before: seen.raw(stateFile(params)),
    after: { is: 'absent' },
    do: [{ do: 'exec', argv: ['modprobe', '-r', name] }],
    undo: [{ do: 'exec', argv: ['modprobe', name] }],
    impact: 'none',
    hints: { DidNotConverge: 'something uses it: see lsmod' },
    disturbs: [dir(moduleDir(params))],
    moves: [{ probe: dir(moduleDir(params)), after: { is: 'absent' } }],
  };
}

function atBoot(
  params: Params,
  asked: readonly ModuleParameter[],
  seen: Seen,
): { changes: Change[]; pending: Pending[] } {
  if (params.persistent === 'disabled') return { changes: [], pending: [] };
  const wanted = params.persistent === 'present' ? '' : undefined;
  const change = setDropIn(seen, loadFile(params), NAMES, new Map([[params.name, wanted]]));
  const options =
    wanted === undefined ? { changes: [], pending: [] } : persistParameters(seen, optionsFile(params), asked);
  return { changes: [...options.changes, ...(change ? [change] : [])], pending: options.pending };
}
