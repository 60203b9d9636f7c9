import { spawnSync } from 'node:child_process';
import type { Command } from './fake-command.ts';
import type { HostFiles } from './fake-files.ts';

const CONFIGS = ['/boot/grub/grub.cfg', '/boot/grub2/grub.cfg'];

/** update-grub and grub2-mkconfig, as far as modules use them: the entries of the menu that is there are made anew. */
export const fakeGrub: Command = (argv, files) => {
  if (argv.includes('--help') || argv.includes('--version')) return '';
  const config = CONFIGS.find((path) => files.stat(path));
  if (config === undefined) return { status: 1, stdout: '', stderr: 'no grub.cfg\n' };
  const [linux = '', preset = ''] = sourced(files, argv[0] === 'update-grub');
  const menu = files.read(config)?.toString() ?? '';
  let recovery = false;
  const lines = menu.split('\n').map((line) => {
    if (line.startsWith('menuentry')) recovery = line.includes('-recovery-');
    const [, head] = /^(\s*linux\s.* ro )/.exec(line) ?? [];
    if (head === undefined) return line;
    return recovery ? `${head}single ${linux}` : `${head}${linux} ${preset}`;
  });
  files.write(config, Buffer.from(lines.join('\n')));
  return '';
};

/** What the files come to, by a real shell that finds no command to run. */
function sourced(files: HostFiles, dropIns: boolean): string[] {
  const paths = ['/etc/default/grub', ...(dropIns ? files.glob('/etc/default/grub.d/*.cfg') : [])];
  const script = paths.map((path) => files.read(path)?.toString() ?? '').join('\n');
  const { stdout } = spawnSync('/bin/sh', ['-s'], {
    input: `${script}\nprintf '%s\\n%s' "$GRUB_CMDLINE_LINUX" "$GRUB_CMDLINE_LINUX_DEFAULT"\n`,
    env: { PATH: '/nowhere' },
    encoding: 'utf8',
  });
  return stdout.split('\n');
}
