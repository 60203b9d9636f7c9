import type { Command } from './fake-command.ts';
import type { HostFiles } from './fake-files.ts';

/** What is installed: dpkg's own list, as far as it matters; and, where rpm has a database, a name and a version on a line. */
const DPKG = '/var/lib/dpkg/status';
const RPM = '/var/lib/rpm/packages';

const NEWEST = '2.0';

const FORMS = {
  [DPKG]: {
    line: /^Package: (\S+)\nStatus: install ok installed\n(?:(?!Version: ).+\n)*Version: (\S+)$/gm,
    print: (name: string, version: string) => `Package: ${name}\nStatus: install ok installed\nVersion: ${version}\n\n`,
  },
  [RPM]: { line: /^(\w\S*) (\S+)$/gm, print: (name: string, version: string) => `${name} ${version}\n` },
} as const;
type List = keyof typeof FORMS;

const listOf = (path: List, files: HostFiles): Map<string, string> =>
  new Map(
    [...(files.read(path)?.toString() ?? '').matchAll(FORMS[path].line)].map(([, name = '', version = '']) => [
      name,
      version,
    ]),
  );

const query =
  (path: List, missing: (name: string) => { stdout: string; stderr: string }): Command =>
  ([, , , form = '', ...names], files) => {
    const list = listOf(path, files);
    const detail = (name: string) => {
      if (/\$\{Version\}/.test(form)) return ` ${list.get(name)} install`;
      return form.includes('%{EVR}') ? ` ${list.get(name)}` : '';
    };
    const answers = names.map((name) =>
      list.has(name) ? { stdout: `${name} installed${detail(name)}\n`, stderr: '' } : missing(name),
    );
    const failed = names.filter((name) => !list.has(name)).length;
    return {
      status: path === DPKG ? Math.min(failed, 1) : failed,
      stdout: answers.map(({ stdout }) => stdout).join(''),
      stderr: answers.map(({ stderr }) => stderr).join(''),
    };
  };

const manage =
  (path: List): Command =>
  (argv, files) => {
    if (argv.includes('repoquery')) return upgrades(argv, files);
    const verb = argv.findIndex((word) => ['install', 'remove', 'upgrade', 'update', 'makecache'].includes(word));
    const list = listOf(path, files);
    for (const spec of argv[verb]?.match(/install|remove|upgrade/) ? argv.slice(verb + 1) : []) {
      const [name = '', version = NEWEST] = path === RPM ? spec.split(/-(?=\d)/) : spec.split('=');
      if (argv[verb] === 'remove') list.delete(name);
      else list.set(name, version);
    }
    files.put(path, [...list].map(([name, version]) => FORMS[path].print(name, version)).join(''));
    return '';
  };

/** dnf's answers: all that there is, or of what is installed in an older version. */
function upgrades(argv: readonly string[], files: HostFiles): string {
  const list = listOf(RPM, files);
  const names = argv.slice(argv.indexOf('--qf') + 2);
  const shown = argv.includes('--upgrades') ? names.filter((name) => (list.get(name) ?? NEWEST) !== NEWEST) : names;
  return shown.map((name) => `${name} ${NEWEST}\n`).join('');
}

/** apt and dnf that have version 2.0 of all. */
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
          `${name}:\n  Installed: ${listOf(DPKG, files).get(name) ?? '(none)'}\n  Candidate: ${NEWEST}\n  Version table:\n     ${NEWEST} 500\n        500 http://deb.example.org bookworm/main amd64 Packages\n`,
      )
      .join(''),
};
