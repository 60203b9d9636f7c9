import { spawnSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KVMPLAY } from '../support/kvmplay.ts';
import { tool } from '../support/tool.ts';

const ansible = tool('ansible-playbook', 'ansible-core');

/** What both find on the host. */
const FILES: Readonly<Record<string, string | Buffer>> = {
  hosts: '127.0.0.1 localhost\n10.0.0.9 old-storage\n10.0.0.9 old-storage2',
  sshd: 'UsePAM yes\n#PermitRootLogin no\nPermitRootLogin yes\nMatch User git\n  X11Forwarding no\n',
  bytes: Buffer.from([0x61, 0xff, 0xfe, 0x0a, 0x62, 0x0a]),
  crlf: 'one\r\ntwo\r\n',
  block: 'a\n# BEGIN x\nold\n# END x\nz\n',
  empty: '',
  big: `${'line\n'.repeat(5000)}`,
  'odd name \'"$(id)': 'odd\n',
};

const P = '{{ place }}';

const TASKS: readonly (readonly [module: string, params: Readonly<Record<string, unknown>>])[] = [
  ['copy', { content: 'new\n', dest: `${P}/new` }],
  ['copy', { content: 'new\n', dest: `${P}/new`, mode: '0600' }],
  ['copy', { content: 'other', dest: `${P}/new` }],
  ['copy', { content: 'never', dest: `${P}/new`, force: false }],
  ['copy', { content: 'x', dest: `${P}/link` }],
  ['copy', { src: 'binary', dest: `${P}/` }],
  ['copy', { src: 'binary', dest: `${P}/made/`, mode: 'u=rw,go=' }],
  ['copy', { src: 'large', dest: `${P}/dir` }],
  ['copy', { src: 'large', dest: `${P}/big`, mode: 'a+x' }],
  ['copy', { src: "odd 'src' \"$(id)", dest: `${P}/odd name '"$(id)` }],
  ['copy', { src: 'tree', dest: `${P}/dir` }],
  ['copy', { src: 'tree/', dest: `${P}/dir/tree` }],
  ['copy', { src: 'tree/', dest: `${P}/plain`, mode: '0640', directory_mode: '0750' }],
  ['copy', { src: 'tree', dest: `${P}/deep/er/` }],
  ['copy', { src: 'other', dest: `${P}/deep/er/tree/sub`, force: false }],
  ['copy', { src: 'other/', dest: `${P}/deep/er/tree/sub`, force: false, directory_mode: 'u=rwx,go=' }],
  ['file', { path: `${P}/a/b/c`, state: 'directory', mode: '0750' }],
  ['file', { path: `${P}/dir`, state: 'directory' }],
  ['file', { path: `${P}/sshd`, mode: 'g+w,o=' }],
  ['file', { path: `${P}/sshd`, mode: '+x' }],
  ['file', { path: `${P}/dir`, state: 'directory', mode: 'u=rwX,g=rX,o=', recurse: true }],
  ['file', { path: `${P}/l1`, src: 'hosts', state: 'link' }],
  ['file', { path: `${P}/l1`, src: 'sshd', state: 'link' }],
  ['file', { path: `${P}/l2`, src: '/nowhere', state: 'link', force: true }],
  ['file', { path: `${P}/empty`, src: 'hosts', state: 'link', force: true }],
  ['file', { path: `${P}/touched`, state: 'touch', mode: '0640' }],
  ['file', { path: `${P}/gone`, state: 'absent' }],
  ['file', { path: `${P}/nothing`, state: 'absent' }],
  ['lineinfile', { path: `${P}/sshd`, regexp: '^#?PermitRootLogin', line: 'PermitRootLogin prohibit-password' }],
  ['lineinfile', { path: `${P}/sshd`, regexp: '^UsePAM', line: 'UsePAM no', firstmatch: true }],
  ['lineinfile', { path: `${P}/sshd`, line: 'AllowUsers root', insertbefore: '^Match ' }],
  ['lineinfile', { path: `${P}/sshd`, line: '  PermitTTY no', insertafter: '^Match ' }],
  ['lineinfile', { path: `${P}/sshd`, line: '# head', insertbefore: 'BOF' }],
  ['lineinfile', { path: `${P}/sshd`, line: '# second', insertafter: '^# head', firstmatch: true }],
  ['lineinfile', { path: `${P}/hosts`, line: '10.0.0.1 ceph' }],
  ['lineinfile', { path: `${P}/hosts`, search_string: 'old-storage2', line: '10.0.0.2 old' }],
  [
    'lineinfile',
    { path: `${P}/hosts`, regexp: '^(\\S+)\\s+(?P<name>old-\\w+)$', line: '\\1 \\g<name> alias', backrefs: true },
  ],
  ['lineinfile', { path: `${P}/hosts`, regexp: '^never', line: '\\1', backrefs: true }],
  ['lineinfile', { path: `${P}/hosts`, regexp: 'old', state: 'absent' }],
  ['lineinfile', { path: `${P}/bytes`, line: 'é' }],
  ['lineinfile', { path: `${P}/bytes`, regexp: '^b', line: 'c' }],
  ['lineinfile', { path: `${P}/crlf`, line: 'two' }],
  ['lineinfile', { path: `${P}/fresh`, line: 'made', create: true, mode: '0600' }],
  ['lineinfile', { path: `${P}/none`, line: 'x', state: 'absent' }],
  ['blockinfile', { path: `${P}/block`, marker: '# {mark} x', block: 'new\nlines' }],
  ['blockinfile', { path: `${P}/block`, block: 'second\n', insertafter: '^a' }],
  ['blockinfile', { path: `${P}/block`, marker: '; {mark}', block: 'top', insertbefore: 'BOF' }],
  ['blockinfile', { path: `${P}/block`, marker: '# {mark} x', state: 'absent' }],
  ['blockinfile', { path: `${P}/hosts`, block: '10.0.0.3 x' }],
  ['blockinfile', { path: `${P}/blocks`, block: 'x', create: true, marker_begin: 'from', marker_end: 'to' }],
];

/** A host's folder, and the playbook with the control node's files beside it. */
function site(): { place: string; book: string } {
  const folder = mkdtempSync(join(tmpdir(), 'kvmplay-files-'));
  const place = join(folder, 'host');
  mkdirSync(join(place, 'dir/sub'), { recursive: true });
  mkdirSync(join(place, 'gone/with/all'), { recursive: true });
  for (const [name, content] of Object.entries(FILES)) writeFileSync(join(place, name), content);
  writeFileSync(join(place, 'dir/sub/program'), '#!/bin/sh\n', { mode: 0o755 });
  writeFileSync(join(place, 'dir/sub/plain'), 'x', { mode: 0o604 });
  symlinkSync('hosts', join(place, 'link'));
  mkdirSync(join(folder, 'files'));
  writeFileSync(join(folder, 'files/binary'), Buffer.from([0, 1, 255, 10, 13, 0]));
  writeFileSync(join(folder, 'files/large'), Buffer.alloc(300_000, 'kvm\n'));
  writeFileSync(join(folder, 'files', "odd 'src' \"$(id)"), 'odd source\n');
  mkdirSync(join(folder, 'files/tree/sub/empty'), { recursive: true });
  writeFileSync(join(folder, 'files/tree/a'), 'a\n');
  writeFileSync(join(folder, 'files/tree/large'), Buffer.alloc(100_000, 'tree\n'));
  writeFileSync(join(folder, 'files/tree/sub/b'), '#!/bin/sh\n', { mode: 0o755 });
  symlinkSync('a', join(folder, 'files/tree/link'));
  symlinkSync('sub', join(folder, 'files/tree/elsewhere'));
  mkdirSync(join(folder, 'files/other/new'), { recursive: true });
  writeFileSync(join(folder, 'files/other/b'), 'not taken\n');
  writeFileSync(join(folder, 'files/other/new/c'), 'c\n');
  const tasks = TASKS.map(([module, params], index) => ({ name: `${index} ${module}`, [module]: params }));
  writeFileSync(join(folder, 'site.yml'), JSON.stringify([{ hosts: 'all', gather_facts: false, tasks }]));
  writeFileSync(join(folder, 'hosts'), 'h1 ansible_connection=local ansible_python_interpreter=/usr/bin/python3\n');
  return { place, book: join(folder, 'site.yml') };
}

type States = Readonly<Record<string, string>>;

const args = ({ place, book }: ReturnType<typeof site>): string[] => [
  book,
  '-i',
  join(book, '../hosts'),
  '-e',
  `place=${place}`,
];

function byAnsible(where: ReturnType<typeof site>): States {
  const env = { ...process.env, ANSIBLE_NOCOLOR: '1', LC_ALL: 'C.UTF-8', HOME: join(where.book, '..') };
  const { stdout, stderr } = spawnSync(ansible ?? '', args(where), { encoding: 'utf8', env, timeout: 200_000 });
  const found = [...stdout.matchAll(/^TASK \[(.*)\] \**\n(?:\[WARNING\].*\n)*(ok|changed|fatal): \[h1\](.*)/gm)];
  if (found.length === 0) throw new Error(stdout + stderr);
  return Object.fromEntries(
    found.map(([, name = '', state = '', rest = '']) => [name, state === 'fatal' ? `failed: ${rest}` : state]),
  );
}

function byKvmplay(where: ReturnType<typeof site>, ...more: string[]): States {
  const env = { ...process.env, XDG_STATE_HOME: join(where.book, '../state') };
  const [node, bin] = KVMPLAY;
  const done = spawnSync(node, [bin, 'run', ...args(where), '--output', 'json', ...more], {
    encoding: 'utf8',
    env,
    timeout: 200_000,
  });
  if (!done.stdout.startsWith('{')) throw new Error(done.stderr);
  const { tasks } = JSON.parse(done.stdout) as {
    tasks: { name: string; results: { status: string; error?: { message: string } }[] }[];
  };
  return Object.fromEntries(
    tasks.map(({ name, results: [one] }) => [
      name,
      one?.error ? `failed: ${one.error.message}` : (one?.status ?? 'none'),
    ]),
  );
}

/** Every path with its type, mode, and content or target. */
function treeOf(folder: string, inside = ''): States {
  return Object.fromEntries(
    readdirSync(join(folder, inside)).flatMap((name) => {
      const path = join(inside, name);
      const stat = lstatSync(join(folder, path));
      if (stat.isSymbolicLink()) return [[path, `→ ${readlinkSync(join(folder, path))}`]];
      const mode = (stat.mode & 0o7777).toString(8);
      if (stat.isDirectory()) return [[path, `dir ${mode}`], ...Object.entries(treeOf(folder, path))];
      return [[path, `${mode} ${readFileSync(join(folder, path)).toString('latin1').slice(0, 2000)}`]];
    }),
  );
}

describe.skipIf(!ansible)('files, beside Ansible', () => {
  it('become the same, and the same tasks change them, the first time and the second', { timeout: 400_000 }, () => {
    const [theirs, ours] = [site(), site()];

    const first = [byAnsible(theirs), byKvmplay(ours)];
    const trees = [treeOf(theirs.place), treeOf(ours.place)];
    const second = [byAnsible(theirs), byKvmplay(ours)];

    expect(first[1]).toEqual(first[0]);
    expect(trees[1]).toEqual(trees[0]);
    expect(second[1]).toEqual(second[0]);
    expect(treeOf(ours.place)).toEqual(treeOf(theirs.place));
  });
});
