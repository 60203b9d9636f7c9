import { file, glob, link, type Probe, type Probes } from './probe.ts';
import type { Seen } from './seen.ts';
import { PROFILE_PLACES, profileSettings, type TunedSetting } from './tuned-profile.ts';

export const TUNED_PROFILE = '/etc/tuned/active_profile';
export const TUNED_UNIT = 'tuned.service';
const MAIN = '/etc/tuned/tuned-main.conf';
/** It is at work while the one is there, and starts at boot by the other: files cost less than asking systemd. */
const RUNS = '/run/tuned/tuned.pid';
const STARTS = `/etc/systemd/system/multi-user.target.wants/${TUNED_UNIT}`;
/** What moves when it is started, stopped, enabled or disabled. */
export const tunedTraces: readonly Probe[] = [file(RUNS), link(STARTS)];
/** Says `cpu:type:x86,ven0000…`: the machine's kind, for no process. */
const MODALIAS = '/sys/devices/system/cpu/modalias';
const profilesIn = (place: string) => `${place}/*/tuned.conf`;

export const tunedProbes: Probes = {
  [TUNED_PROFILE]: file(TUNED_PROFILE),
  [RUNS]: file(RUNS),
  [STARTS]: link(STARTS),
  [MAIN]: file(MAIN),
  [MODALIAS]: file(MODALIAS),
  ...Object.fromEntries(PROFILE_PLACES.map((place) => [profilesIn(place), glob(profilesIn(place))])),
};

/** The profiles that are installed, each file with its text. */
export const tunedProfiles = (seen: Seen): ReadonlyMap<string, string> =>
  new Map(PROFILE_PLACES.flatMap((place) => [...seen.files(profilesIn(place))]));

export interface Tuned {
  /** One profile, or several with blanks between. */
  readonly profile: string;
  readonly settings: readonly TunedSetting[];
}

/** tuned, where it is at work or will be at the next boot, and has a profile. */
export function tunedOf(seen: Seen): Tuned | undefined {
  const works = [RUNS, STARTS].some((path) => seen.raw(path).is !== 'absent');
  const profile = seen.text(TUNED_PROFILE)?.trim() ?? '';
  if (!works || profile === '') return undefined;
  return { profile, settings: profileSettings(profile.split(/\s+/), tunedProfiles(seen), machineOf(seen)) };
}

/** As uname(1) calls it. */
function machineOf(seen: Seen): string | undefined {
  const [, type] = /^cpu:type:(\w+)/.exec(seen.text(MODALIAS) ?? '') ?? [];
  return type === 'x86' ? 'x86_64' : type;
}

/**
 * A note on each thing that tuned's profile sets as well: whenever it starts or changes its profile, it is the last to write.
 * `names`: what it is called here, undefined for what is not asked for.
 */
export function tunedNotes(seen: Seen, names: (setting: TunedSetting) => string | undefined): string[] {
  const tuned = tunedOf(seen);
  return (tuned?.settings ?? []).flatMap((setting) => {
    const name = names(setting);
    if (name === undefined) return [];
    const wins = setting.plugin === 'sysctl' && reappliesSysctl(seen) ? '; files in sysctl.d have the last word' : '';
    const { value, path, line, cpuinfo } = setting;
    const where = cpuinfo === undefined ? '' : `, where /proc/cpuinfo matches ${cpuinfo}`;
    return [
      `${name}: tuned sets it too whenever it starts, to ${value} (profile ${tuned?.profile}, ${path}:${line})${where}${wins}`,
    ];
  });
}

/** Whether tuned applies sysctl.d again after its own settings, as it does unless told otherwise. */
const reappliesSysctl = (seen: Seen): boolean =>
  !/^\s*reapply_sysctl\s*=\s*(0|false|no|off)\s*$/im.test(seen.text(MAIN) ?? '');
