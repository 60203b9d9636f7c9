import { type Command, NotEmulated } from './fake-command.ts';
import { fakeVirsh } from './fake-libvirt.ts';
import { fakeSystemctl } from './fake-systemctl.ts';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/**
 * What modules have a shell do: reboot, run systemctl and show why it failed, ask a guest to shut down and wait, or write and go on where the
 * kernel will not have it. Here all obey.
 */
export const fakeShell: Command = ([, , script = '', , ...words], files) => {
  const [value, path] = words;
  if (script.startsWith('"$@" && exit;') && value === 'systemctl') return fakeSystemctl(words, files);
  if (script.includes('systemd-run')) {
    files.put(BOOT_ID, `another than ${files.read(BOOT_ID)?.toString()}`);
    return '';
  }
  if (script.includes('shutdown "$1"')) return fakeVirsh(['virsh', 'destroy', value ?? ''], files);
  if (script.startsWith('cd ') || script.startsWith('echo ')) return '';
  if (!script.includes('env printf') || path === undefined)
    throw new NotEmulated(`the fake shell does not know ${script}`);
  files.write(path, Buffer.from(`${value}\n`));
  return '';
};
