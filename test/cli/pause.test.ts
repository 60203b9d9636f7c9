import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { tool } from '../support/tool.ts';
import { makeSite } from './site.ts';

/** Gives a program a terminal, and types what it gets on its standard input. */
const script = tool('script', 'util-linux');

const PLAYBOOK = `- hosts: all
  tasks:
    - debug: { msg: before }
    - { name: Gate, pause: { prompt: Go on? }, register: said }
    - debug: { msg: "heard {{ said.user_input }}" }
`;

it.skipIf(script === undefined)('asks at a terminal, and goes on with what was typed', () => {
  const site = makeSite(['h1', 'h2']);
  site.write('site.yml', PLAYBOOK);
  const command = `${process.execPath} ${site.bin} run site.yml -i hosts`;

  const { stdout, status } = spawnSync(String(script), ['-qec', command, '/dev/null'], {
    cwd: site.folder,
    env: site.env,
    input: 'surely\n',
    encoding: 'utf8',
    timeout: 60_000,
  });

  expect(stdout).toContain('[Gate]\r\nGo on?:');
  expect(stdout.match(/"msg": "heard surely"/g)).toHaveLength(2);
  expect(status).toBe(0);
});

it.skipIf(script === undefined)(
  'is interrupted by Ctrl+C, and does nothing more',
  async () => {
    const site = makeSite(['h1']);
    site.write('site.yml', PLAYBOOK);
    const command = `${process.execPath} ${site.bin} run site.yml -i hosts`;
    const child = spawn(String(script), ['-qec', command, '/dev/null'], { cwd: site.folder, env: site.env });
    const shown: string[] = [];
    child.stdout.on('data', (data) => {
      shown.push(String(data));
      if (String(data).includes('Go on?')) child.stdin.write('\u0003');
    });

    const [status] = await once(child, 'close');

    expect(shown.join('')).toContain('Interrupted: interrupted while it paused');
    expect(shown.join('')).not.toContain('heard');
    expect(status).toBe(99);
  },
  60_000,
);

it('fails without a terminal, and says what to do', () => {
  const site = makeSite(['h1', 'h2']);
  site.write('site.yml', PLAYBOOK);

  const { status, out } = site.kvmplay('run', 'site.yml', '-i', 'hosts');

  expect(out).toContain('fatal: [h1]: FAILED! => NoTerminal: it waits for somebody to press enter');
  expect(out).toContain('hint: run it at a terminal');
  expect(out).not.toContain('heard');
  expect(status).toBe(2);
});

it('goes step by step with --step: yes, no, and the rest', () => {
  const site = makeSite(['h1', 'h2']);
  const task = (name: string) => `    - { name: ${name}, debug: { msg: did ${name} } }\n`;
  site.write('site.yml', `- hosts: all\n  tasks:\n${['one', 'two', 'three', 'four'].map(task).join('')}`);
  const step = (input: string) =>
    spawnSync(process.execPath, [site.bin, 'run', 'site.yml', '-i', 'hosts', '--step'], {
      cwd: site.folder,
      env: site.env,
      input,
      encoding: 'utf8',
    });

  const some = step('y\nn\nc\n');
  const none = step('');

  expect(some.stdout.match(/did \w+/g)).toEqual([
    'did one',
    'did one',
    'did three',
    'did three',
    'did four',
    'did four',
  ]);
  expect(some.stderr.match(/Perform task: TASK: \w+/g)).toEqual(
    ['one', 'two', 'three'].map((name) => `Perform task: TASK: ${name}`),
  );
  expect(none.stdout).not.toContain('did');
  expect(none.status).toBe(0);
});
