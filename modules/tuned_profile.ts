import { z } from 'zod';
import { words } from '../src/contract/fields.ts';
import {
  type Action,
  type Change,
  defineModule,
  file,
  nearest,
  Problem,
  planOf,
  RUNNING,
  type Seen,
  sameUnit,
  TUNED_PROFILE,
  TUNED_UNIT,
  text,
  tunedOf,
  tunedProbes,
  tunedProfiles,
  tunedTraces,
  unitOf,
  unitProbe,
} from '../src/contract/index.ts';

const MODE = '/etc/tuned/profile_mode';

const Params = z.strictObject({
  profile: words()
    .refine(
      (all) => all.every((one) => /^[A-Za-z0-9_.-]+$/.test(one)),
      "expected a profile's name, such as virtual-host",
    )
    .refine((all) => all.length === 1 || !all.includes('off'), '`off` goes with no other profile')
    .optional()
    .describe('`virtual-host` …, several, or `off`: nothing is set by tuned. Without it tuned is only reported.'),
});

export const tuned_profile = defineModule({
  name: 'tuned_profile',
  summary: 'Have tuned apply a profile, or nothing; say what it sets.',
  notes: `
tuned and kvmplay may both set a knob; the one that wrote last wins, and tuned writes whenever it starts. So a host has one master of a
knob: the profile, or tasks. Modules say in a note what the active profile sets as well, with its file and line; \`profile: off\` lets
tuned take back what it has set, and stops and disables it. Only \`sysctl.d\` has the last word over a profile, unless
\`reapply_sysctl\` is off in \`tuned-main.conf\`. Arguments of the kernel that a profile adds wait for a reboot.`,
  params: Params,
  reads: () => ({ ...tunedProbes, [TUNED_UNIT]: unitProbe(TUNED_UNIT), [MODE]: file(MODE) }),
  plan({ profile }, seen) {
    const unit = unitOf(seen, TUNED_UNIT);
    const wanted = profile?.join(' ');
    if (!unit) return wanted === 'off' ? planOf([]) : { changes: [], na: 'tuned is not installed here' };
    if (wanted === undefined) return planOf([], [], [report(seen)]);
    if (wanted === 'off') return planOf(turnOff(seen));
    requireProfiles(profile ?? [], seen);
    if (unit.load === 'masked')
      throw new Problem('Masked', `${TUNED_UNIT} is masked`, 'unmask it first: somebody meant it never to start');
    return planOf(turnTo(wanted, seen));
  },
  same: (probe, a, b) => (probe.kind === 'command' ? sameUnit(a, b) : plain(a) === plain(b)),
  examples: [
    {
      title: 'What the distribution has for hosts of guests',
      params: { profile: 'virtual-host' },
      host: { ...installed(), [TUNED_PROFILE]: 'balanced\n', [MODE]: 'auto\n' },
    },
    {
      title: 'Nothing: tasks set what is to be set',
      params: { profile: 'off' },
      host: { ...installed(true), [TUNED_PROFILE]: 'virtual-host\n', [MODE]: 'manual\n' },
    },
    {
      title: 'Say what it does',
      params: {},
      host: { ...installed(true), [TUNED_PROFILE]: 'virtual-host\n' },
    },
  ],
});

const adm = (...words: string[]): Action => ({ do: 'exec', argv: ['tuned-adm', ...words], timeout: 120 });
const systemctl = (...words: string[]): Action => ({ do: 'exec', argv: ['systemctl', ...words, TUNED_UNIT] });

const plain = (text: string): string => text.trim().split(/\s+/).join(' ');

const activeProfile = (seen: Seen): string => seen.text(TUNED_PROFILE)?.trim() ?? '';

/** What is asked of tuned to have it as it was; what it wrote down of it, too: whether it chose that profile itself. */
function backTo(seen: Seen): Action[] {
  const was = activeProfile(seen);
  const files = [TUNED_PROFILE, MODE].map((path): Action => {
    const content = seen.text(path);
    return content === undefined ? { do: 'remove', path } : { do: 'write', path, content };
  });
  return [was === '' ? adm('off') : adm('profile', ...was.split(/\s+/)), ...files];
}

function turnTo(wanted: string, seen: Seen): Change[] {
  const unit = unitOf(seen, TUNED_UNIT);
  const runs = unit?.active === 'active' && unit.enabled === 'enabled';
  const now = activeProfile(seen);
  // When it starts it applies the profile that it finds, or one that it chooses.
  const start: Change = {
    target: unitProbe(TUNED_UNIT),
    plane: 'persistent',
    summary: `${TUNED_UNIT}: ${unit?.active}, ${unit?.enabled} → runs, now and at every boot`,
    before: seen.raw(TUNED_UNIT),
    after: RUNNING,
    do: [systemctl('enable', '--now')],
    undo: [
      ...(unit?.active === 'active' ? [] : [systemctl('stop')]),
      ...(unit?.enabled === 'enabled' ? [] : [systemctl('disable')]),
    ],
    impact: 'guest-latency',
    disturbs: tunedTraces,
  };
  return [
    ...(runs ? [] : [start]),
    ...(now === wanted ? [] : [profileChange(now, wanted, adm('profile', ...wanted.split(' ')), seen)]),
  ];
}

function turnOff(seen: Seen): Change[] {
  const unit = unitOf(seen, TUNED_UNIT);
  const now = activeProfile(seen);
  const runs = unit?.active === 'active';
  const stop: Change = {
    target: unitProbe(TUNED_UNIT),
    plane: 'persistent',
    summary: `${TUNED_UNIT}: ${unit?.active}, ${unit?.enabled} → stopped and disabled`,
    before: seen.raw(TUNED_UNIT),
    after: {
      is: 'output',
      status: 0,
      stdout: 'LoadState=loaded\nActiveState=inactive\nUnitFileState=disabled\n',
      stderr: '',
    },
    do: [systemctl('disable', '--now')],
    undo: [...(unit?.enabled === 'enabled' ? [systemctl('enable')] : []), ...(runs ? [systemctl('start')] : [])],
    impact: 'none',
    disturbs: tunedTraces,
  };
  return [
    ...(runs && now !== '' ? [profileChange(now, '', adm('off'), seen)] : []),
    ...(runs || unit?.enabled === 'enabled' ? [stop] : []),
  ];
}

function profileChange(now: string, wanted: string, action: Action, seen: Seen): Change {
  return {
    target: file(TUNED_PROFILE),
    plane: 'live',
    summary: `tuned's profile: ${now || 'none'} → ${wanted || 'none'}`,
    before: seen.raw(TUNED_PROFILE),
    after: text(`${wanted}\n`),
    do: [action],
    undo: backTo(seen),
    impact: 'guest-latency',
    disturbs: [file(MODE)],
  };
}

function requireProfiles(wanted: readonly string[], seen: Seen): void {
  const all = [...new Set([...tunedProfiles(seen).keys()].map((path) => path.split('/').at(-2) ?? ''))];
  const unknown = wanted.find((one) => !all.includes(one));
  if (unknown === undefined) return;
  const best = nearest(unknown, all);
  const hint = best === undefined ? `it has: ${all.sort().join(', ')}` : `did you mean ${best}?`;
  throw new Problem('UnknownProfile', `tuned has no profile "${unknown}" here`, hint);
}

function report(seen: Seen): string {
  const tuned = tunedOf(seen);
  if (!tuned) return 'tuned sets nothing here: it does not run, or has no profile';
  const names = tuned.settings.map(({ plugin, key }) =>
    plugin === 'sysctl' || plugin === 'sysfs' ? key : `${plugin}.${key}`,
  );
  return `tuned applies the profile ${tuned.profile}, which sets ${[...new Set(names)].join(', ') || 'nothing'}`;
}

/** An example's host. */
function installed(runs = false): Record<string, string | { link: string }> {
  return {
    '/usr/lib/systemd/system/tuned.service': '[Service]\n',
    '/usr/lib/tuned/balanced/tuned.conf':
      '[main]\nsummary=General non-specialized tuned profile\n\n[cpu]\ngovernor=ondemand|powersave\n',
    '/usr/lib/tuned/throughput-performance/tuned.conf':
      '[cpu]\ngovernor=performance\n\n[disk]\nreadahead=>4096\n\n[sysctl]\nvm.dirty_ratio = 40\nvm.swappiness=10\n',
    '/usr/lib/tuned/virtual-host/tuned.conf':
      '[main]\nsummary=Optimize for running KVM guests\ninclude=throughput-performance\n\n[sysctl]\nvm.dirty_background_ratio = 5\n',
    ...(runs && {
      '/etc/systemd/system/multi-user.target.wants/tuned.service': { link: '/usr/lib/systemd/system/tuned.service' },
      '/sys/fs/cgroup/system.slice/tuned.service/cgroup.procs': '812\n',
    }),
  };
}
