import type { Change } from './change.ts';
import { glob, link, type Probes } from './probe.ts';
import type { Seen } from './seen.ts';
import { installUnit, type OwnUnit, ownUnitProbes } from './unit-file.ts';

/** Drivers that come as modules, when udev finds the CPUs: too late for systemd-tmpfiles, which passes over what is not there. */
const MODULES = '/sys/module/*cpufreq*/initstate';
const DRIVERS = '/sys/devices/system/cpu/cpufreq/policy*/scaling_driver';

/** What to read to have the lines of a file in tmpfiles.d written once the driver is there. */
export const lateDriverProbes = (file: string): Probes => ({
  [MODULES]: glob(MODULES),
  [DRIVERS]: glob(DRIVERS),
  ...ownUnitProbes(afterDriver(file)),
});

/** A unit that writes them again at every boot, where the driver comes late. */
export function persistLate(seen: Seen, file: string): Change[] {
  const drivers = [...seen.files(DRIVERS).values()].map((name) => name.trim().replaceAll('-', '_'));
  const late = [...seen.files(MODULES).keys()].some((path) => drivers.includes(path.split('/').at(-2) ?? ''));
  return late ? installUnit(seen, afterDriver(file), { live: false, persistent: true }) : [];
}

const afterDriver = (file: string): OwnUnit => ({
  name: 'kvmplay-cpu_power.service',
  content: `# Written by kvmplay.
[Unit]
Description=Clocks of CPUs, when their driver is there
After=systemd-udev-trigger.service systemd-modules-load.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=systemd-tmpfiles --create ${file}

[Install]
WantedBy=multi-user.target
`,
  wantedBy: 'multi-user.target',
});

/** What sets clocks when it starts, by the links that have it start at boot. */
const RIVALS = ['ondemand', 'cpufrequtils', 'cpupower', 'power-profiles-daemon', 'tlp'].map(
  (name) => `${name}.service`,
);
const enabledBy = (unit: string) => `/etc/systemd/system/multi-user.target.wants/${unit}`;

export const clockRivalProbes: Probes = Object.fromEntries(
  RIVALS.map((unit) => [enabledBy(unit), link(enabledBy(unit))]),
);

/** A note on each of them that is enabled. */
export const clockRivals = (seen: Seen): string[] =>
  RIVALS.filter((unit) => seen.raw(enabledBy(unit)).is !== 'absent').map(
    (unit) => `${unit} is enabled and sets clocks when it starts: disable it, or leave them to it`,
  );
