import { type Command, NotEmulated, type Output } from './fake-command.ts';
import type { HostFiles } from './fake-files.ts';

const MOUNTINFO = '/proc/self/mountinfo';
const OWN = ['ro', 'nosuid', 'nodev', 'noexec', 'noatime', 'strictatime', 'nodiratime'];

const escaped = (text: string) => text.replaceAll(' ', '\\040');
const linesIn = (files: HostFiles) => (files.read(MOUNTINFO)?.toString() ?? '').split('\n').filter(Boolean);
const put = (files: HostFiles, lines: readonly string[]) =>
  files.put(MOUNTINFO, lines.map((one) => `${one}\n`).join(''));
const failed = (stderr: string) => ({ status: 32, stdout: '', stderr });
const pathIn = (line: string | undefined) => line?.split(' ')[4];

/** grep, of what is mounted. */
export const fakeGrep: Command = ([, , pattern = '', path], files) => {
  if (path !== MOUNTINFO) throw new NotEmulated(`the fake grep does not look into ${path}`);
  if (!files.stat(MOUNTINFO)) return { status: 2, stdout: '', stderr: `grep: ${path}: No such file or directory` };
  const found = linesIn(files).filter((line) => new RegExp(pattern).test(line));
  return { status: found.length > 0 ? 0 : 1, stdout: found.map((line) => `${line}\n`).join(''), stderr: '' };
};

/** mount, as far as modules use it: flags stand with the mount, all else with the file system; sizes come in KiB. */
export const fakeMount: Command = ([, ...words], files) => mount(words, files);

function mount(words: readonly string[], files: HostFiles): string | Output {
  const option = (name: string) => (words.includes(name) ? words[words.indexOf(name) + 1] : undefined);
  const rest = words.filter((word, at) => !word.startsWith('-') && !words[at - 1]?.startsWith('-'));
  const options = (option('-o') ?? '').split(',').filter(Boolean);
  const path = rest.at(-1) ?? '';
  if (options.includes('remount')) return remount(path, options, files);
  if (rest.length === 1) {
    const [src = '', , type = '', opts = ''] = entryOf(path, files);
    if (src === '') return failed(`mount: ${path}: can't find in /etc/fstab.`);
    return mount(['-t', type, '-o', opts.replace(/^defaults$/, 'rw'), src, path], files);
  }
  if (files.stat(path) === undefined) return failed(`mount: ${path}: mount point does not exist.`);
  const [src = ''] = rest;
  const on = options.includes('bind') ? under(src, files) : undefined;
  const [, , device = '9:9', root = '/', at = '/'] = on ?? [];
  const below = on ? `${root === '/' ? '' : root}${src.slice(at === '/' ? 0 : at.length)}` : '/';
  const source = on?.at(-2) ?? src;
  const line = `99 21 ${device} ${below} ${escaped(path)} ${ownOf(options)} - ${on?.at(-3) ?? option('-t')} ${escaped(source)} ${othersOf(options)}`;
  put(files, [...linesIn(files), line]);
  return '';
}

/** umount takes away what was mounted there last. */
export const fakeUmount: Command = ([, path = ''], files) => {
  const lines = linesIn(files);
  const at = lines.findLastIndex((line) => pathIn(line) === escaped(path));
  if (at < 0) return failed(`umount: ${path}: not mounted.`);
  put(files, lines.toSpliced(at, 1));
  return '';
};

/** rmdir, as it is asked to leave alone what is not empty. */
export const fakeRmdir: Command = ([, ...words], files) => {
  const path = words.at(-1) ?? '';
  if (files.stat(path)?.type !== 'dir')
    return { status: 1, stdout: '', stderr: `rmdir: failed to remove '${path}': No such file or directory` };
  if ((files.names(path) ?? []).length === 0) files.remove(path);
  return '';
};

function remount(path: string, options: readonly string[], files: HostFiles) {
  const lines = linesIn(files);
  const at = lines.findLastIndex((line) => pathIn(line) === escaped(path));
  const [left = '', right = ''] = (lines[at] ?? '').split(' - ');
  if (at < 0) return failed(`mount: ${path}: mount point not mounted or bad option.`);
  const fields = left.split(' ');
  const [type, source, before = ''] = right.split(' ');
  const said = options.filter((one) => one !== 'remount');
  const kept = before.split(',').filter((one) => one.includes('=') && !said.some((other) => sameName(one, other)));
  const after = [othersOf(said), ...kept].join(',');
  put(files, lines.with(at, `${fields.with(5, ownOf(said)).join(' ')} - ${type} ${source} ${after}`));
  return '';
}

const sameName = (a: string, b: string) => a.replace(/=.*/, '') === b.replace(/=.*/, '');

function ownOf(options: readonly string[]): string {
  const said = OWN.filter((one) => options.includes(one));
  const relatime = said.some((one) => /^(no|strict)atime$/.test(one)) ? [] : ['relatime'];
  return [...(said.includes('ro') ? [] : ['rw']), ...said, ...relatime].join(',');
}

const othersOf = (options: readonly string[]): string =>
  ['rw', ...options.filter((one) => one.includes('=') && !one.startsWith('x-'))]
    .map((one) => one.replace(/^size=(\d+)m$/, (_, mib) => `size=${Number(mib) * 1024}k`))
    .join(',');

const entryOf = (path: string, files: HostFiles): string[] =>
  (files.read('/etc/fstab')?.toString() ?? '')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .find(([, at]) => at === escaped(path)) ?? [];

const under = (src: string, files: HostFiles): string[] | undefined =>
  linesIn(files)
    .map((line) => line.split(' '))
    .filter(([, , , , at = '']) => src === at || src.startsWith(at === '/' ? '/' : `${at}/`))
    .sort((a, b) => (a[4] ?? '').length - (b[4] ?? '').length)
    .at(-1);
