import { NotEmulated, type Output } from './fake-command.ts';
import type { HostFiles } from './fake-files.ts';

const UNITS = ['/etc/systemd/system', '/run/systemd/system', '/usr/lib/systemd/system'];
const WANTS = '/etc/systemd/system/multi-user.target.wants';

/** A unit is there by its file, enabled or masked by its link, and runs while it has a cgroup, as on a real host. */
const running = (unit: string) => `/sys/fs/cgroup/system.slice/${unit}`;

const masked = (unit: string, files: HostFiles) =>
  files.stat(`${UNITS[0]}/${unit}`)?.type === 'link' && files.target(`${UNITS[0]}/${unit}`) === '/dev/null';
const exists = (unit: string, files: HostFiles) => UNITS.some((place) => files.stat(`${place}/${unit}`));

/** systemctl, as far as modules use it. */
export const fakeSystemctl = ([, verb = '', ...rest]: readonly string[], files: HostFiles): string | Output => {
  const now = rest.includes('--now');
  const [unit = ''] = rest.filter((word) => !word.startsWith('-'));
  const fail = (stderr: string) => ({ status: 1, stdout: '', stderr });
  const start = () => files.put(`${running(unit)}/cgroup.procs`, '1\n');
  const stop = () => {
    files.remove(`${running(unit)}/cgroup.procs`);
    files.remove(running(unit));
  };
  switch (verb) {
    case 'daemon-reload':
      return '';
    case 'show':
      if (rest[0]?.includes('NeedDaemonReload')) return `Id=${unit}\nNeedDaemonReload=no\nDropInPaths=\n`;
      if (rest.includes('--property=TriggeredBy')) return 'TriggeredBy=\n';
      return rest.includes('--property=Id,AllowedCPUs') ? showAllowed(rest.slice(1), files) : show(unit, files);
    case 'set-property':
      keepTo(unit, rest.at(-1)?.replace('AllowedCPUs=', '') ?? '', files);
      return '';
    case 'mask':
      files.put(`${UNITS[0]}/${unit}`, { link: '/dev/null' });
      if (now) stop();
      return '';
    case 'unmask':
      if (masked(unit, files)) files.remove(`${UNITS[0]}/${unit}`);
      return '';
    case 'enable':
      if (!exists(unit, files)) return fail(`Unit file ${unit} does not exist.`);
      files.put(`${WANTS}/${unit}`, { link: `/usr/lib/systemd/system/${unit}` });
      if (now) start();
      return '';
    case 'disable':
      files.remove(`${WANTS}/${unit}`);
      if (now) stop();
      return '';
    case 'start':
    case 'restart':
      if (!exists(unit, files)) return fail(`Unit ${unit} not found.`);
      if (masked(unit, files)) return fail(`Unit ${unit} is masked.`);
      start();
      return '';
    case 'stop':
      stop();
      return '';
    default:
      throw new NotEmulated(`the fake systemctl does not know ${verb}`);
  }
};

function show(unit: string, files: HostFiles): string {
  const active = files.names(running(unit)) ? 'active' : 'inactive';
  const lines = (load: string, enabled: string) =>
    `LoadState=${load}\nActiveState=${active}\nUnitFileState=${enabled}\n`;
  if (masked(unit, files)) return lines('masked', 'masked');
  if (!exists(unit, files)) return lines('not-found', '');
  return lines('loaded', files.glob(`/etc/systemd/system/*.wants/${unit}`).length > 0 ? 'enabled' : 'disabled');
}

const CGROUP = '/sys/fs/cgroup';
const SETTING = /^AllowedCPUs=(.*)$/gm;
const property = (unit: string) => `/run/systemd/system.control/${unit}.d/50-AllowedCPUs.conf`;

const allowed = (unit: string, files: HostFiles): string =>
  [...(files.read(property(unit))?.toString() ?? '').matchAll(SETTING)].at(-1)?.[1] ?? '';

const showAllowed = (units: readonly string[], files: HostFiles): string =>
  units.map((unit) => `Id=${unit}\nAllowedCPUs=${allowed(unit, files)}\n`).join('\n');

/** An empty set leaves the kernel with the old one, until no unit has any: then the controller is not needed any more. */
function keepTo(unit: string, cpus: string, files: HostFiles): void {
  files.put(property(unit), `[Slice]\nAllowedCPUs=\nAllowedCPUs=${cpus}\n`);
  if (cpus !== '' && files.names(`${CGROUP}/${unit}`)) files.put(`${CGROUP}/${unit}/cpuset.cpus`, `${cpus}\n`);
  const settings = files.glob('/run/systemd/system.control/*.d/50-AllowedCPUs.conf');
  if (settings.some((path) => !/=\n$/.test(files.read(path)?.toString() ?? ''))) return;
  for (const path of files.glob(`${CGROUP}/*/cpuset.cpus`)) files.remove(path);
}
