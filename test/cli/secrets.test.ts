import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeEnvelope } from '../../src/vault/envelope.ts';
import { makeSite } from './site.ts';

/** What is planted, and what none of it may be found as. */
const SECRETS = {
  inline: `inl"ine<s&'cr$et>\\\`x\``,
  lines: '-----BEGIN KEY-----\nmultilineSecretOne\n  multilineSecretTwo\n-----END KEY-----\n',
  file: 'wholeFileSecret/+=',
  number: '48151623',
  connect: 'sshPassw0rd!',
  become: "become'Passw0rd",
  silent: 'noLogParameter',
  fact: 'noLogFactValue',
  said: 'noLogRegistered',
} as const;

const forms = (secret: string): readonly string[] => {
  const json = JSON.stringify(secret).slice(1, -1);
  const xml = secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const all = [
    secret,
    secret.trim(),
    ...secret
      .split('\n')
      .filter((line) => line.includes('Secret'))
      .map((line) => line.trim()),
    json,
    JSON.stringify(json).slice(1, -1),
    xml,
    xml.replaceAll('"', '&quot;').replaceAll("'", '&#39;'),
    xml.replaceAll('"', '&quot;').replaceAll("'", '&apos;'),
    xml.replaceAll('"', '&quot;'),
    encodeURIComponent(secret),
    secret.replaceAll("'", `'\\''`),
    Buffer.from(secret).toString('base64').replace(/=+$/, '').slice(0, -1),
    Buffer.from(`user:${secret}`).toString('base64').slice(8, -4),
  ];
  return [...new Set(all)];
};

const PLAY = `- name: "Play for {{ from_file }}"
  hosts: hypervisors
  vars_files: [secret.yml]
  tasks:
    - name: show them
      debug: { msg: "{{ item }}" }
      loop: ["{{ inline }}", "{{ lines }}", "{{ from_file }}", "{{ number }}", "x{{ inline }}y{{ from_file }}z"]
      register: shown
    - name: of many forms
      debug: { msg: { a: "{{ json inline }}", d: "{{ quote inline }}", e: "{{ json lines }}" } }
    - name: again
      debug: { var: shown }
    - name: the passwords
      debug: { msg: "{{ ansible_password }} {{ ansible_become_password }}" }
    - name: silent
      no_log: true
      debug: { msg: "${SECRETS.said}" }
      register: silent
    - debug: { var: silent }
    - name: silent fact
      no_log: true
      set_fact: { fact: "${SECRETS.fact}" }
    - debug: { msg: "now {{ fact }}" }
    - name: silent and failing
      no_log: true
      ignore_errors: true
      fail: { msg: "${SECRETS.silent}" }
    - name: "name with {{ inline }}"
      sysctl: { name: "kernel.hostname", value: "{{ from_file }}" }
    - name: a number
      sysctl: { name: vm.min_free_kbytes, value: "{{ number }}" }
    - name: fails
      ignore_errors: true
      fail: { msg: "because {{ inline }} and {{ lines }}" }
    - name: does not hold
      ignore_errors: true
      assert: { that: "1 == 2", fail_msg: "{{ from_file }}" }
    - name: cannot be done
      ignore_errors: true
      sysctl: { name: "vm.{{ from_file }}", value: 1 }
`;

describe('a secret', () => {
  let site: ReturnType<typeof makeSite>;
  const opened = ['-i', 'hosts', '--vault-password-file', 'pw'];
  beforeAll(async () => {
    site = makeSite(['h1']);
    const sealed = (text: string) => writeEnvelope(Buffer.from(text), Buffer.from('pw'));
    const inline = async (text: string) => (await sealed(text)).trimEnd().replaceAll(/^/gm, '    ');
    site.write('pw', 'pw\n');
    site.write('play.yml', PLAY);
    site.write('secret.yml', await sealed(`from_file: "${SECRETS.file}"\nnumber: ${SECRETS.number}\n`));
    site.write('host_vars/h1/whole.yml', await sealed(`beside: "${SECRETS.file}"\nmade: "<{{ beside }}>"\n`));
    site.write(
      'host_vars/h1/vars.yml',
      `inline: !vault |\n${await inline(SECRETS.inline)}\nlines: !vault |\n${await inline(SECRETS.lines)}\n` +
        `url: "https://{{ inline }}@{{ beside }}"\nansible_password: "${SECRETS.connect}"\nansible_become_password: "${SECRETS.become}"\n`,
    );
    site.write('h1/proc/sys/kernel/hostname', 'h1\n');
    site.write('h1/proc/sys/vm/min_free_kbytes', '1000\n');
  });

  const expectNone = (text: string, secrets: readonly string[] = Object.values(SECRETS)) => {
    for (const secret of secrets) for (const form of forms(secret)) expect(text).not.toContain(form);
  };

  it.each(['human', 'json', 'jsonl', 'quiet'])('is in no output, no report and no journal: --output %s', (output) => {
    const reports = ['json', 'xml', 'html', 'prom', 'sarif'].map((kind) => `${output}.${kind}`);
    const flags = ['-vvvv', '-D', '--output', output, ...reports.flatMap((file) => ['--report', file])];

    const checked = site.kvmplay('run', 'play.yml', ...opened, ...flags, '--check');
    const run = site.kvmplay('run', 'play.yml', ...opened, ...flags);
    site.write('h1/proc/sys/vm/min_free_kbytes', '1000\n');
    site.write('h1/proc/sys/kernel/hostname', 'h1\n');

    expect([checked.err, run.err, run.status]).toEqual(['', '', 0]);
    if (output !== 'quiet') expect(run.out).toContain('********');
    for (const text of [checked.out, run.out, ...reports.map(site.read)]) expectNone(text);
  });

  it('is in no journal, and not in what is told of it', () => {
    const folder = join(site.folder, 'state/kvmplay/runs');
    const journals = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    const told = [['show', 'last'], ['history'], ['rollback', 'last', '--check', ...opened]].map((args) =>
      site.kvmplay(...args),
    );

    expect(journals.join('')).toContain('"is":"intent"');
    for (const text of [...journals, ...told.flatMap(({ out, err }) => [out, err])]) expectNone(text);
  });

  it.each([
    ['explain', 'h1', ...opened],
    ['explain', 'h1', ...opened, '-p', 'play.yml', '--format', 'json'],
    ['explain', 'h1', 'url', ...opened],
    ['explain', 'h1', 'ansible_password', ...opened],
    ['run', 'play.yml', ...opened, '--list-tasks', '--list-hosts', '--list-tags'],
  ])('is not told by %s %s', (...args) => {
    const { status, out, err } = site.kvmplay(...args);

    expect([status, err]).toEqual([0, '']);
    const written = args[0] === 'run' ? [SECRETS.inline, SECRETS.file, SECRETS.lines] : undefined;
    expectNone(out, written);
  });

  it.each([['--list'], ['--host', 'h1'], ['--graph', '--vars'], ['--list', '--export']])(
    'that came out of a vault is not printed by inventory %s',
    (...args) => {
      const { status, out, err } = site.kvmplay('inventory', ...args, ...opened);

      expect([status, err]).toEqual([0, '']);
      expect(out).toContain('********');
      expectNone(out, [SECRETS.inline, SECRETS.lines, SECRETS.file]);
    },
  );

  it('is not told by a mistake that it makes', () => {
    site.write(
      'wrong.yml',
      '- hosts: all\n  vars_files: [secret.yml]\n  tasks:\n    - sysctl: { name: vm.swappiness, value: 1, state: "{{ from_file }}" }\n    - ksm: { state: "{{ inline }}" }\n    - debug: { msg: "{{ range inline }}" }\n    - debug: {}\n      when: "{{ lines }}"\n',
    );

    const { status, out, err } = site.kvmplay('run', 'wrong.yml', ...opened);

    expect([status, out]).toEqual([5, '']);
    expectNone(err);
  });
});

describe('a playbook that is encrypted as a whole', () => {
  const tasks = `- name: set a knob
  sysctl: { name: vm.swappiness, value: 7, persistent: false }
  vars: { token: taskVariable1 }
- block:
    - ansible.builtin.set_fact: { fact: "setFactValue1" }
    - debug: { msg: "{{ token }} {{ fact }} {{ play_value }} {{ made }}" }
  vars: { token: blockVariable1 }
`;
  const play = `- name: Tune present hosts
  hosts: hypervisors
  vars: { play_value: playVariable1, made: "<{{ play_value }}>" }
  roles: [{ role: quiet, vars: { from_role: roleVariable1 } }]
  tasks:
    - import_tasks: tasks.yml
`;
  const secrets = [
    'taskVariable1',
    'setFactValue1',
    'blockVariable1',
    'playVariable1',
    'roleVariable1',
    'roleDefault1',
  ];

  const sealedSite = async () => {
    const site = makeSite(['h1']);
    const sealed = (text: string) => writeEnvelope(Buffer.from(text), Buffer.from('pw'));
    site.write('pw', 'pw\n');
    site.write('play.yml', await sealed(play));
    site.write('tasks.yml', await sealed(tasks));
    site.write('roles/quiet/defaults/main.yml', await sealed('of_role: roleDefault1\n'));
    site.write('roles/quiet/tasks/main.yml', '- debug: { msg: "{{ from_role }} {{ of_role }}" }\n');
    return { ...site, sealed };
  };

  it('has its variables hidden, and no other word of it', async () => {
    const site = await sealedSite();
    const args = ['run', 'play.yml', '-i', 'hosts', '--vault-password-file', 'pw', '-vvvv', '-D'];

    const { status, out, err } = site.kvmplay(...args);

    expect([status, err]).toEqual([0, '']);
    for (const word of ['Tune present hosts', 'set a knob', 'vm.swappiness']) expect(out).toContain(word);
    expect(out).toContain('"******** ******** ******** ********"');
    for (const secret of secrets) expect(out).not.toContain(secret);
  });

  it.each([
    ['INI', 'hosts', (line: string) => `[hypervisors]\n${line} first=firstSecret1 second="secondSecret1"\n`],
    [
      'YAML',
      'hosts.yml',
      (line: string) =>
        `hypervisors:\n  hosts:\n    h1:\n${[...line.matchAll(/(\w+)=(\S+)/g)].map(([, key, value]) => `      ${key}: ${value}\n`).join('')}      first: firstSecret1\n      second: secondSecret1\n`,
    ],
  ])('with an encrypted inventory in %s that hides its variables, and not its hosts', async (_, name, text) => {
    const site = await sealedSite();
    const line = `h1 ansible_connection=local kvmplay_root=${site.folder}/h1 ansible_become=false`;
    site.write(name, await site.sealed(text(line)));
    site.write('shown.yml', '- hosts: hypervisors\n  tasks:\n    - debug: { msg: "{{ first }}, {{ second }}" }\n');
    const opened = ['-i', name, '--vault-password-file', 'pw'];

    const ran = site.kvmplay('run', 'shown.yml', ...opened);
    const listed = site.kvmplay('inventory', '--list', ...opened);

    expect([ran.status, ran.err]).toEqual([0, '']);
    expect(ran.out).toContain('[h1]');
    expect(ran.out).toContain('"********, ********"');
    expect(listed.out).toContain('hypervisors');
    expect(ran.out + listed.out).not.toMatch(/(first|second)Secret1/);
  });
});
