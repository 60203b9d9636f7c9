import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { tool } from '../support/tool.ts';
import { makeSite } from './site.ts';

const ansible = tool('ansible-playbook', 'ansible-core');

/** A playbook written so that it means the same in Jinja and in this language. */
export interface Case {
  readonly playbook: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Where ours is another than Ansible's, on purpose. */
  readonly status?: number;
}

export const tasks = (yaml: string): string => `- hosts: all\n  gather_facts: false\n  tasks:\n${yaml}`;

/** Both programs do the playbooks, and must tell the same story. */
export function besideAnsible(cases: Readonly<Record<string, Case>>): void {
  describe.skipIf(ansible === undefined)('beside ansible-playbook (skipped where it is not installed)', () => {
    it.each(Object.entries(cases))(
      'does the same: %s',
      (_, { playbook, files = {}, args = [], status }) => {
        const site = makeSite(['h1', 'h2', 'h3']);
        site.write('site.yml', playbook);
        for (const [name, text] of Object.entries(files)) site.write(name, text);
        const command = ['site.yml', '-i', 'hosts', ...args];

        const ours = site.kvmplay('run', ...command);
        const theirs = spawnSync(String(ansible), command, {
          cwd: site.folder,
          encoding: 'utf8',
          env: environment(site.folder),
        });

        expect(theirs.stdout, theirs.stderr).toContain('PLAY RECAP');
        expect(story(ours.out), ours.err).toEqual(story(theirs.stdout));
        expect(ours.status).toBe(status ?? theirs.status);
      },
      60_000,
    );
  });
}

const environment = (home: string) => ({
  PATH: process.env.PATH,
  HOME: home,
  ANSIBLE_NOCOLOR: '1',
  // So that its hosts are reported in order.
  ANSIBLE_FORKS: '1',
  ANSIBLE_LOCALHOST_WARNING: '0',
  ANSIBLE_RETRY_FILES_ENABLED: '0',
});

/**
 * What was done, line by line: banners, results without their details, what debug said, and the recap. Ansible also shows
 * `meta`, what a failed debug would have said, and once more that a host failed when an item did.
 */
function story(text: string): readonly string[] {
  const lines: string[] = [];
  // Ansible says this of a host when it comes to it, behind items of the next host or before.
  const ignored: string[] = [];
  let meta = false;
  let failed = false;
  let ofItem = false;
  for (const line of text.split('\n')) {
    const banner = /^(?:PLAY|TASK|RUNNING HANDLER) .*?(?= \*+$)/.exec(line)?.[0];
    if (banner) meta = banner === 'TASK [meta]';
    const result =
      /^(?:ok|changed|skipping|fatal|failed): \[\w+\](?:: FAILED!|: UNREACHABLE!)?(?: => \(item=[^)]*\))?/.exec(
        line,
      )?.[0];
    if (result) failed = /^f/.test(result);
    const said = failed ? undefined : /^ +("msg": .*)/.exec(line)?.[1];
    const recap = /^h\d +: ok=.*ignored=\d+/.exec(line)?.[0];
    const shown = banner ?? result ?? said ?? recap;
    if (line === '...ignoring') ignored.push(line);
    if (banner ?? recap) lines.push(...ignored.splice(0));
    if (banner || result?.startsWith('failed')) ofItem = banner === undefined;
    const again = ofItem && result?.startsWith('fatal');
    if (shown !== undefined && !meta && !again) lines.push(shown);
  }
  return lines;
}
