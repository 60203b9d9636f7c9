import { z } from 'zod';
import { flag } from '../src/contract/fields.ts';
import {
  type Action,
  type Change,
  command,
  complaintOf,
  defineModule,
  guestProbes,
  type Plan,
  type Probes,
  Problem,
  planOf,
  type Seen,
  sameUnit,
  shownUnit,
  stat,
  type Unit,
  unitOf,
  unitProbe,
} from '../src/contract/index.ts';
import { reloadProbes, reloadUnits, sameReload } from './parts/service_reload.ts';

const Params = z
  .strictObject({
    name: z
      .string()
      .regex(/^[\w.@:\\-]+$/, "expected a unit's name, such as libvirtd or fstrim.timer")
      .transform((name) =>
        /\.(service|socket|timer|path|mount|automount|swap|target|slice|scope|device)$/.test(name)
          ? name
          : `${name}.service`,
      )
      .optional()
      .describe('The unit. Without a type it is a `.service`.'),
    state: z
      .enum(['started', 'stopped', 'restarted', 'reloaded'])
      .optional()
      .describe(
        '`started` and `stopped` do nothing where that is so. `restarted` is done each time; so is `reloaded`, which starts what does not run.',
      ),
    enabled: flag().optional().describe('Whether it starts at boot.'),
    masked: flag().optional().describe('Whether it can not be started at all.'),
    daemon_reload: flag()
      .prefault(false)
      .describe(
        "Whether systemd shall read unit files again where they have changed since it did. Without a name: any unit's.",
      ),
  })
  .refine(({ name, daemon_reload: reload }) => name !== undefined || reload, {
    path: ['name'],
    error: 'name is needed, but for daemon_reload alone',
  })
  .refine(({ masked, state }) => !masked || state === undefined || state === 'stopped', {
    path: ['masked'],
    error: 'what is masked cannot be started',
  });
type Params = z.infer<typeof Params>;

const PLACES = ['/etc/systemd/system', '/run/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];
const TRIGGERS = 'what starts it';

export const service = defineModule({
  name: 'service',
  summary: 'Have a unit of systemd run or not, now and at boot.',
  notes: `
systemd alone, by \`systemctl\`. A unit that systemd does not know yet counts as there when its file is, so that a task before may bring it.
A restart is an event: it is planned each time, so that it belongs into a handler.`,
  params: Params,
  reads: ({ name, state, masked, daemon_reload: reload }, seen): Probes => ({
    ...(name !== undefined && {
      [name]: unitProbe(name),
      ...Object.fromEntries(filesOf(name).map((path) => [path, stat(path)])),
    }),
    ...(reload && reloadProbes(name)),
    ...(name !== undefined && stops(state, masked) && { [TRIGGERS]: triggersProbe(name), ...triggersOf(seen) }),
  }),
  plan(params, seen) {
    const { name } = params;
    if (name === undefined) return planOf([reloadUnits(seen, undefined)].filter((change) => change !== undefined));
    const now = unitHere(seen, name);
    const wanted = wantedOf(params, now.unit);
    const notes = wokenBy(seen, name);
    const changes = [
      ...(params.daemon_reload && now.known ? [reloadUnits(seen, name)] : []),
      moveUnit(seen, name, now, wanted, notes),
      event(params, seen, name, now.unit, wanted),
    ];
    const plan: Plan = planOf(
      changes.filter((change) => change !== undefined),
      [],
      notes,
    );
    return {
      ...plan,
      values: {
        name,
        ...(params.state && { state: params.state }),
        ...(params.enabled !== undefined && { enabled: params.enabled }),
      },
    };
  },
  same: (_, a, b) => sameUnit(a, b) && sameReload(a, b),
  examples: [
    {
      title: 'Running, and at boot',
      params: { name: 'libvirtd', state: 'started', enabled: true, daemon_reload: true },
      host: { '/usr/lib/systemd/system/libvirtd.service': '[Unit]\n' },
    },
    {
      title: 'Never again',
      params: { name: 'irqbalance', state: 'stopped', masked: true },
      host: {
        '/usr/lib/systemd/system/irqbalance.service': '[Unit]\n',
        '/sys/fs/cgroup/system.slice/irqbalance.service/cgroup.procs': '7\n',
      },
    },
    {
      title: 'Not at boot',
      params: { name: 'fstrim.timer', enabled: false },
      host: {
        '/usr/lib/systemd/system/fstrim.timer': '[Unit]\n',
        '/etc/systemd/system/multi-user.target.wants/fstrim.timer': { link: '/usr/lib/systemd/system/fstrim.timer' },
      },
    },
    {
      title: 'Restarted, as a handler does it',
      params: { name: 'libvirtd.service', state: 'restarted' },
      host: { '/usr/lib/systemd/system/libvirtd.service': '[Unit]\n' },
    },
  ],
});

const filesOf = (name: string): string[] => {
  const template = name.replace(/@.*(?=\.)/, '@');
  return PLACES.flatMap((place) => [...new Set([name, template])].map((one) => `${place}/${one}`));
};

const stops = (state: Params['state'], masked: boolean | undefined): boolean => state === 'stopped' && masked !== true;

const triggersProbe = (name: string) => command('systemctl', 'show', '--property=TriggeredBy', name);

/** Sockets, timers and paths that start a unit. */
const triggerNames = (seen: Seen): string[] => {
  if (!seen.has(TRIGGERS)) return [];
  const reading = seen.raw(TRIGGERS);
  const listed = reading.is === 'output' ? /^TriggeredBy=(.*)$/m.exec(reading.stdout)?.[1] : undefined;
  return (listed ?? '').split(' ').filter((unit) => unit !== '');
};

const triggersOf = (seen: Seen): Probes =>
  Object.fromEntries(triggerNames(seen).map((unit) => [unit, unitProbe(unit)]));

const wokenBy = (seen: Seen, name: string): string[] =>
  triggerNames(seen)
    .filter((unit) => unitOf(seen, unit)?.active === 'active')
    .map((unit) => `${unit} is active, and starts ${name} again when its time comes: stop it as well`);

interface Here {
  readonly unit: Unit;
  /** systemd has heard of it. */
  readonly known: boolean;
}

function unitHere(seen: Seen, name: string): Here {
  const unit = unitOf(seen, name);
  if (unit) return { unit, known: true };
  if (seen.raw(name).is === 'absent') {
    seen.missing(name);
    throw new Problem('NoSystemd', 'there is no systemctl on this host');
  }
  const said = seen.output(name);
  if (said && said.status !== 0)
    throw new Problem('NoSystemd', `systemd cannot be asked on this host: ${complaintOf(said)}`);
  const files = filesOf(name);
  if (files.some((path) => seen.stat(path) !== undefined))
    return { unit: { load: 'loaded', active: 'inactive', enabled: 'disabled' }, known: false };
  for (const path of files) seen.missing(path);
  throw new Problem('NoUnit', `systemd here has no unit ${name}`, 'install what brings it before');
}

const runs = ({ active }: Unit): boolean => ['active', 'activating', 'reloading'].includes(active);

/** What counts as enabled already: a unit without an [Install] section of its own is started by others. */
const STARTS = ['enabled', 'enabled-runtime', 'static', 'alias', 'indirect', 'generated', 'linked'];

function wantedOf({ state, enabled, masked }: Params, now: Unit): Unit {
  const isMasked = now.load === 'masked';
  const starts = state === 'started' || state === 'reloaded' || state === 'restarted';
  if (isMasked && masked !== false && (starts || enabled))
    throw new Problem('Masked', 'it is masked, so that it cannot be started or enabled', 'set masked: false as well');
  const active =
    starts && state !== 'restarted' && !runs(now)
      ? 'active'
      : state === 'stopped' && runs(now)
        ? 'inactive'
        : now.active;
  if (masked ?? isMasked) return { load: 'masked', active, enabled: 'masked' };
  const before = isMasked ? 'disabled' : now.enabled;
  const after =
    enabled === undefined
      ? before
      : enabled
        ? STARTS.includes(before)
          ? before
          : 'enabled'
        : before === 'enabled' || before === 'enabled-runtime'
          ? 'disabled'
          : before;
  return { load: 'loaded', active, enabled: after };
}

/** All that is a state and no event, in one change. */
function moveUnit(
  seen: Seen,
  name: string,
  { unit: now, known }: Here,
  wanted: Unit,
  wakers: readonly string[],
): Change | undefined {
  const before = shownUnit(now);
  const after = shownUnit(wanted);
  if (before.is === 'output' && after.is === 'output' && sameUnit(before.stdout, after.stdout)) return undefined;
  const reload: Action[] = known ? [] : [systemctl('daemon-reload')];
  const disturbs = [
    ...((now.load === 'masked') !== (wanted.load === 'masked') ? [stat(`${PLACES[0]}/${name}`)] : []),
    ...(LIBVIRT.test(name) && runs(now) !== runs(wanted) ? Object.values(guestProbes) : []),
  ];
  return {
    target: unitProbe(name),
    plane: now.active === wanted.active ? 'persistent' : 'live',
    summary: `${name}: ${words(now)} → ${words(wanted)}`,
    before: seen.raw(name),
    after,
    do: [...reload, ...steps(name, now, wanted)],
    undo: steps(name, wanted, now),
    impact: runs(now) && !runs(wanted) ? 'service-restart' : 'none',
    ...(disturbs.length > 0 && { disturbs }),
    ...(runs(now) && !runs(wanted) && wakers.length > 0 && { hints: { DidNotConverge: wakers.join('; ') } }),
  };
}

/** Only while one of these runs do guests answer. */
const LIBVIRT = /^(libvirtd|virtqemud)\.(service|socket)$/;

const words = ({ active, enabled, load }: Unit): string => `${active}, ${enabled || load}`;
const systemctl = (...words: readonly string[]): Action => ({
  do: 'exec',
  argv: ['systemctl', ...words],
  timeout: 180,
});

/** systemctl itself says no more than where to look when a unit fails: its state and its last words are shown with that. */
const TELLING = '"$@" && exit; status=$?; systemctl --no-pager --full --lines=10 status "$3" >&2; exit "$status"';
const telling = (verb: 'start' | 'restart' | 'reload', name: string): Action => ({
  do: 'exec',
  argv: ['sh', '-c', TELLING, 'sh', 'systemctl', verb, name],
  timeout: 180,
});

function steps(name: string, from: Unit, to: Unit): Action[] {
  const [masks, unmasks] = [
    to.load === 'masked' && from.load !== 'masked',
    to.load !== 'masked' && from.load === 'masked',
  ];
  const [stops, starts] = [runs(from) && !runs(to), !runs(from) && runs(to)];
  const enables = to.enabled === 'enabled' && from.enabled !== 'enabled';
  const disables = to.enabled === 'disabled' && from.enabled === 'enabled';
  return [
    ...(unmasks ? [systemctl('unmask', name)] : []),
    ...(enables ? [systemctl('enable', name)] : []),
    ...(disables ? [systemctl('disable', name)] : []),
    ...(stops ? [systemctl('stop', name)] : []),
    ...(masks ? [systemctl('mask', name)] : []),
    ...(starts ? [telling('start', name)] : []),
  ];
}

/** A restart, or a reload of what runs. */
function event({ state }: Params, seen: Seen, name: string, now: Unit, wanted: Unit): Change | undefined {
  if (state !== 'restarted' && !(state === 'reloaded' && runs(now))) return undefined;
  const verb = state === 'restarted' ? 'restart' : 'reload';
  return {
    target: unitProbe(name),
    plane: 'live',
    summary: `${name}: ${state}`,
    before: seen.raw(name),
    after: { is: 'unknown', because: `${name} is ${state}` },
    do: [telling(verb, name)],
    undo: { impossible: `a ${verb} cannot be undone` },
    impact: verb === 'restart' && runs(now) ? 'service-restart' : 'none',
    once: true,
    moves: [{ probe: unitProbe(name), after: shownUnit({ ...wanted, active: 'active' }) }],
    shown: { before: now.active, after: state },
  };
}
