import type { Command } from './fake-command.ts';
import type { FakeFiles } from './fake-files.ts';

/** What is installed, a name and a version on a line; an apt that has version 2.0 of all. */
const DPKG = '/var/lib/dpkg/fake';
const RPM = '/var/lib/rpm/fake';

const listOf = (path: string, files: FakeFiles): Map<string, string> =>
  new Map(
    (files.read(path)?.toString() ?? '')
      .split('\n')
      .filter((line) => /^\w\S* \S+$/.test(line))
      .map((line) => line.split(' ') as [string, string]),
  );

const query =
  (path: string, missing: (name: string) => { stdout: string; stderr: string }): Command =>
  ([, ...words], files) => {
    const names = words.filter((word) => /^\w[\w.+-]*$/.test(word));
    const list = listOf(path, files);
    const answers = names.map((name) =>
      list.has(name) ? { stdout: `${name} installed\n`, stderr: '' } : missing(name),
    );
    const failed = names.filter((name) => !list.has(name)).length;
    return {
      status: path === DPKG ? Math.min(failed, 1) : failed,
      stdout: answers.map(({ stdout }) => stdout).join(''),
      stderr: answers.map(({ stderr }) => stderr).join(''),
    };
  };

const manage =
  (path: string): Command =>
  (argv, files) => {
    const verb = argv.findIndex((word) => ['install', 'remove', 'update', 'makecache'].includes(word));
    const list = listOf(path, files);
    for (const name of argv[verb]?.match(/install|remove/) ? argv.slice(verb + 1) : []) {
      if (argv[verb] === 'install') list.set(name, '2.0');
      else list.delete(name);
    }
    files.put(path, [...list].map(([name, version]) => `${name} ${version}\n`).join(''));
    return '';
  };

export const FAKE_PACKAGES: Readonly<Record<string, Command>> = {
  'dpkg-query': query(DPKG, (name) => ({ stdout: '', stderr: `dpkg-query: no packages found matching ${name}\n` })),
  rpm: query(RPM, (name) => ({ stdout: `package ${name} is not installed\n`, stderr: '' })),
  'apt-get': manage(DPKG),
  env: manage(DPKG),
  dnf: manage(RPM),
  'apt-cache': ([, , ...names], files) =>
    names
      .map(
        (name) =>
          `${name}:\n  Installed: ${listOf(DPKG, files).get(name) ?? '(none)'}\n  Candidate: 2.0\n  Version table:\n`,
      )
      .join(''),
};
