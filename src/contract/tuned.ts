import { file, glob, type Probes } from './probe.ts';
import type { Seen } from './seen.ts';
import { PROFILE_PLACES, profileSettings, type TunedSetting } from './tuned-profile.ts';
import { unitOf, unitProbe } from './unit.ts';

export const TUNED_PROFILE = '/etc/tuned/active_profile';
export const TUNED_UNIT = 'tuned.service';
const MAIN = '/etc/tuned/tuned-main.conf';
const profilesIn = (place: string) => `${place}/*/tuned.conf`;

export const tunedProbes: Probes = {
  [TUNED_PROFILE]: file(TUNED_PROFILE),
  [TUNED_UNIT]: unitProbe(TUNED_UNIT),
  [MAIN]: file(MAIN),
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
  const unit = unitOf(seen, TUNED_UNIT);
  const asked = seen.raw(TUNED_UNIT).is === 'output';
  const works = !asked || unit?.active === 'active' || unit?.enabled === 'enabled';
  const profile = seen.text(TUNED_PROFILE)?.trim() ?? '';
  if (!works || profile === '') return undefined;
  return { profile, settings: profileSettings(profile.split(/\s+/), tunedProfiles(seen)) };
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
    const { value, path, line } = setting;
    return [
      `${name}: tuned sets it too whenever it starts, to ${value} (profile ${tuned?.profile}, ${path}:${line})${wins}`,
    ];
  });
}

/** Whether tuned applies sysctl.d again after its own settings, as it does unless told otherwise. */
const reappliesSysctl = (seen: Seen): boolean =>
  !/^\s*reapply_sysctl\s*=\s*(0|false|no|off)\s*$/im.test(seen.text(MAIN) ?? '');
