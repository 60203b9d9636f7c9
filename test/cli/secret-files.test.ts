import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeEnvelope } from '../../src/vault/envelope.ts';
import { makeSite } from './site.ts';

const sealed = (text: string | Buffer) => writeEnvelope(Buffer.from(text), Buffer.from('pw'));
const BINARY = Buffer.from([0, 255, 254, 1, 2, 3, 4, 5, 6, 7, 8, 9, 200, 201, 202, 203]);

describe('a file of the control node that is encrypted', () => {
  let site: ReturnType<typeof makeSite>;
  const opened = ['-i', 'hosts', '--vault-password-file', 'pw'];
  const HIDDEN = ['copySecret1', 'k=2', 'olderSecret', 'renderedSecret', 'thirdSecret', BINARY.toString('base64')];
  const expectNone = (text: string) => {
    for (const secret of HIDDEN) expect(text).not.toContain(secret);
  };
  const journals = () => {
    const folder = join(site.folder, 'state/kvmplay/runs');
    return readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  };
  const asBefore = () => {
    site.write('h1/etc/token', 'olderSecret\nk=1\n');
    site.write('h1/etc/conf', 'of=thirdSecret\n');
    site.write('h1/etc/key', 'x');
  };
  beforeAll(async () => {
    site = makeSite(['h1']);
    site.write('pw', 'pw\n');
    site.write('files/token', await sealed('copySecret1\nk=2\n'));
    site.write('files/key', await sealed(BINARY));
    site.write('templates/conf.hbs', await sealed('of={{ who }} renderedSecret\n'));
    site.write(
      'play.yml',
      `- hosts: hypervisors
  vars: { who: you }
  tasks:
    - copy: { src: token, dest: /etc/token, mode: '0600' }
      register: copied
    - copy: { src: key, dest: /etc/key }
    - template: { src: conf.hbs, dest: /etc/conf }
    - debug: { var: copied }
`,
    );
  });

  it.each(['human', 'json', 'jsonl'])(
    'is opened, and nothing of it or of what it replaces is shown or kept: --output %s',
    (output) => {
      asBefore();
      const reports = ['json', 'xml', 'html', 'sarif'].map((kind) => `files.${kind}`);
      const flags = [...opened, '-vvvv', '-D', '--output', output, ...reports.flatMap((file) => ['--report', file])];

      const checked = site.kvmplay('run', 'play.yml', ...flags, '--check');
      const run = site.kvmplay('run', 'play.yml', ...flags);

      expect([checked.status, checked.err, run.status, run.err]).toEqual([0, '', 0, '']);
      expect(site.read('h1/etc/token')).toBe('copySecret1\nk=2\n');
      expect(statSync(join(site.folder, 'h1/etc/token')).mode & 0o777).toBe(0o600);
      expect(site.read('h1/etc/conf')).toBe('of=you renderedSecret\n');
      expect(readFileSync(join(site.folder, 'h1/etc/key'))).toEqual(BINARY);
      for (const text of [checked.out, run.out, ...reports.map(site.read), ...journals()]) expectNone(text);
      const again = site.kvmplay('audit', 'play.yml', ...opened);
      expect(again.status).toBe(0);
    },
  );

  it('is told of by no other command either', () => {
    asBefore();
    const commands = [
      ['exec', 'h1', '-m', 'copy', '-a', 'src=files/token dest=/etc/token', '-D', ...opened],
      ['show', 'last'],
      ['history'],
      ['rollback', 'last', '--check', ...opened],
      ['plan', 'play.yml', '-o', 'saved.plan', ...opened],
      ['show', 'saved.plan'],
      ['explain', 'h1', ...opened],
      ['validate', 'play.yml', ...opened],
    ];

    for (const args of commands) {
      const { out, err, status } = site.kvmplay(...args);
      expect([args[0], status, status === 250 ? err : '']).not.toContain(250);
      expectNone(out + err);
    }
    expectNone(site.read('saved.plan'));
    expect(site.read('h1/etc/token')).toBe('copySecret1\nk=2\n');
  });

  it('is sent as it is with decrypt: false', () => {
    asBefore();

    const { status } = site.kvmplay(
      ...['exec', 'h1', '-m', 'copy', '-a', 'src=files/token dest=/etc/token decrypt=false', '-i', 'hosts'],
    );

    expect(status).toBe(0);
    expect(site.read('h1/etc/token')).toBe(site.read('files/token'));
  });

  it.each([
    [['-i', 'hosts'], 'no vault password was given'],
    [['-i', 'hosts', '--vault-id', 'dev@other'], 'no password given opens it (tried: dev)'],
  ])('is a mistake with its file before any host is touched where it cannot be opened: %j', (flags, words) => {
    site.write('other', 'other\n');
    asBefore();

    const { status, err } = site.kvmplay('run', 'play.yml', ...flags);

    expect(status).toBe(5);
    for (const file of ['files/token:1:1', 'files/key:1:1', 'templates/conf.hbs:1:1']) expect(err).toContain(file);
    expect(err).toContain(words);
    expect(site.read('h1/etc/token')).toBe('olderSecret\nk=1\n');
  });
});

describe('a secret in commands', () => {
  it('is not told by what they print, nor by how they fail', async () => {
    const site = makeSite([]);
    const value = 'commandSecret"<&1';
    site.write('pw', 'pw\n');
    site.write('hosts', 'here ansible_connection=local ansible_become=false\n');
    site.write('host_vars/here.yml', await sealed(`token: '${value}'\n`));
    site.write(
      'play.yml',
      `- hosts: here
  environment: { TOKEN: "{{ token }}" }
  tasks:
    - name: prints it
      command: { cmd: 'printf "%s\\n" "$TOKEN"; printf "%s\\n" "$TOKEN" >&2', shell: true }
      register: printed
    - debug: { var: printed }
    - name: fails with it
      command: { cmd: 'echo "bad $TOKEN" >&2; exit 3', shell: true }
      ignore_errors: true
    - name: is given it
      command: { argv: [sh, -c, 'exit 4', "{{ token }}"] }
      ignore_errors: true
    - name: "turns of {{ token }}"
      command: { argv: ["false", "{{ item }}"] }
      loop: ["{{ token }}", "silentItem1"]
      no_log: true
      ignore_errors: true
      register: turns
    - debug: { var: turns }
`,
    );
    const flags = [
      '-i',
      'hosts',
      '--vault-password-file',
      'pw',
      '-vvvv',
      '-D',
      '--report',
      'r.html',
      '--report',
      'r.json',
    ];

    const { out, err, status } = site.kvmplay('run', 'play.yml', ...flags);

    expect([status, err]).toEqual([0, '']);
    expect(out).toContain('bad ********');
    const folder = join(site.folder, 'state/kvmplay/runs');
    const kept = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    const told = [['show', 'last'], ['history'], ['facts', 'here', ...flags.slice(0, 4)]].map((args) =>
      site.kvmplay(...args),
    );
    for (const text of [
      out,
      site.read('r.html'),
      site.read('r.json'),
      ...kept,
      ...told.map((one) => one.out + one.err),
    ])
      for (const word of ['commandSecret', 'silentItem1']) expect(text).not.toContain(word);
  });
});
