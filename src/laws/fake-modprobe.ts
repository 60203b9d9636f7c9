import type { Command } from './fake-command.ts';
import type { HostFiles } from './fake-files.ts';

/** modprobe, as far as modules use it: a kernel module is there by its file, loaded by its directory in /sys/module. */
export const fakeModprobe: Command = ([, ...words], files) => {
  const [name = '', ...options] = words.filter((word) => !word.startsWith('-'));
  const known = ['drivers/vhost', 'arch/x86/kvm'].some(
    (place) => files.glob(`/lib/modules/*/kernel/${place}/${name}.ko*`).length > 0,
  );
  if (!known) return { status: 1, stdout: '', stderr: `modprobe: FATAL: Module ${name} not found\n` };
  if (words.includes('-n')) return '';
  if (words.includes('-r')) unload(name, files);
  else load(name, options, files);
  return '';
};

function load(name: string, options: readonly string[], files: HostFiles): void {
  files.put(`/sys/module/${name}/initstate`, 'live\n');
  for (const [option, value = ''] of options.map((one) => one.split('=')))
    files.put(`/sys/module/${name}/parameters/${option}`, { text: `${value}\n`, mode: '0444' });
}

function unload(name: string, files: HostFiles): void {
  const module = `/sys/module/${name}`;
  for (const path of files.glob(`${module}/parameters/*`)) files.remove(path);
  for (const path of [`${module}/parameters`, `${module}/initstate`, module]) if (files.stat(path)) files.remove(path);
}
