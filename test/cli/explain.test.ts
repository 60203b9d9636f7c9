import { describe, expect, it } from 'vitest';
import { makeSite } from './site.ts';

function site() {
  const made = makeSite(['h1', 'h2']);
  made.write('group_vars/all.yml', 'swappiness: 60\nbase: 3\n');
  made.write('group_vars/hypervisors.yml', 'swappiness: 30\n');
  made.write('host_vars/h1.yml', 'swappiness: "{{ base }}"\ntoken: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3132\n');
  made.write('roles/r/defaults/main.yml', 'swappiness: 1\n');
  made.write('roles/r/tasks/main.yml', '- debug: {}\n- name: own\n  debug: {}\n  vars: { swappiness: 5 }\n');
  made.write('site.yml', '- name: Tune\n  hosts: hypervisors\n  roles: [r]\n');
  return made;
}

describe('kvmplay explain', () => {
  it('says the value, where it is written, and the whole chain that it overrides', () => {
    const { kvmplay } = site();

    const { status, out } = kvmplay('explain', 'h1', 'swappiness', '-i', 'hosts', '-e', 'base=4');

    expect(status).toBe(0);
    expect(out).toBe(`swappiness = "4"
    host h1            host_vars/h1.yml:1:13            "{{ base }}"
  overrides
    group hypervisors  group_vars/hypervisors.yml:1:13  30
    group all          group_vars/all.yml:1:13          60
`);
  });

  it('tells the views of a play, and of tasks that have variables of their own', () => {
    const { kvmplay } = site();

    const { out } = kvmplay('explain', 'h2', 'swappiness', '-i', 'hosts', '-p', 'site.yml', '--format', 'json');

    const levels = JSON.parse(out).map(({ value, tasks, from }: ExplainedJson) => [
      value,
      tasks.map(({ name }) => name),
      from.map(({ level }) => level),
    ]);
    const groups = ['group hypervisors', 'group all'];
    expect(levels).toEqual([
      [30, [], groups],
      [30, ['r : debug'], [...groups, 'role defaults']],
      [5, ['r : own'], ['task', ...groups, 'role defaults']],
    ]);
  });

  it('lists all that is written of a host, and never shows a secret', () => {
    const { kvmplay } = site();

    const { out } = kvmplay('explain', 'h1', '-i', 'hosts');

    expect(out).toMatch(/^base = 3 +group all, group_vars\/all.yml:2:7$/m);
    expect(out).toMatch(/^swappiness = 3 +host h1, host_vars\/h1.yml:1:13, overrides 2$/m);
    expect(out).toMatch(/^token = \(secret\) /m);
    expect(out).not.toContain('3132');
  });

  it.each([
    [['h1', 'swapiness'], 'UndefinedVariable', 'did you mean "swappiness"?'],
    [['h3', 'base'], 'UnknownHost', 'did you mean "h1"?'],
    [['h1', 'base', '-p', 'gone.yml'], 'FileNotFound', 'gone.yml'],
  ])('refuses %j', (args, code, hint) => {
    const { status, err } = site().kvmplay('explain', ...args, '-i', 'hosts');

    expect(status).toBe(5);
    expect(err).toContain(code);
    expect(err).toContain(hint);
  });
});

interface ExplainedJson {
  readonly value: unknown;
  readonly tasks: readonly { readonly name: string }[];
  readonly from: readonly { readonly level: string }[];
}
