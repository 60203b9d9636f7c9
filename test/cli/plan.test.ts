import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeSite } from './site.ts';

const PLAY = `- hosts: hypervisors
  tasks:
    - name: Leave memory to the guests
      sysctl: { name: vm.swappiness, value: "{{ wanted }}", persistent: false }
      notify: say so
    - name: Write it down
      copy: { content: "swappiness {{ wanted }}\\n", dest: /etc/wanted }
  handlers:
    - name: say so
      copy: { content: "done\\n", dest: /etc/said }
`;

function site() {
  const made = makeSite(['h1', 'h2']);
  made.write('site.yml', PLAY);
  const plan = (...args: string[]) =>
    made.kvmplay('plan', 'site.yml', '-i', 'hosts', '-e', 'wanted=10', '-o', 'plan.json', ...args);
  const swappiness = (host: string) => made.read(`${host}/proc/sys/vm/swappiness`).trim();
  return { ...made, plan, swappiness };
}

const runsIn = (folder: string) => readdirSync(join(folder, 'state/kvmplay/runs'));

describe('a saved plan', () => {
  it('is applied as it was foretold, and can be taken back', () => {
    const { plan, kvmplay, swappiness, read, folder } = site();

    const planned = plan();
    expect(planned.err).toContain('6 changes on 2 hosts');
    expect([planned.status, swappiness('h1')]).toEqual([0, '60']);

    const applied = kvmplay('apply', 'plan.json', '--output', 'json');
    expect(applied.err).toBe('');
    const document = JSON.parse(applied.out);
    expect(document).toMatchObject({ mode: 'apply', exit_code: 0, hosts: { h1: { changed: 3 }, h2: { changed: 3 } } });
    expect([swappiness('h1'), swappiness('h2'), read('h2/etc/said')]).toEqual(['10', '10', 'done\n']);

    expect(runsIn(folder)).toHaveLength(1);
    expect(kvmplay('rollback', 'last').status).toBe(0);
    expect(swappiness('h1')).toBe('60');
  });

  it('is not begun anywhere where one host is not as it was', () => {
    const { plan, kvmplay, swappiness, write, folder } = site();
    plan();
    write('h2/proc/sys/vm/swappiness', '30\n');

    const { status, out, err } = kvmplay('apply', 'plan.json');

    expect(status).toBe(2);
    expect(out).toContain('PlanStale');
    expect(out).toContain('vm.swappiness: 30 → 10 (the plan has vm.swappiness: 60 → 10)');
    expect(err).toContain('The plan does not hold any more. The plan was not begun on any host');
    expect([swappiness('h1'), swappiness('h2')]).toEqual(['60', '30']);
    expect(() => runsIn(folder)).toThrow('ENOENT');

    expect(kvmplay('apply', 'plan.json', '-l', 'h1').status).toBe(0);
    expect([swappiness('h1'), swappiness('h2')]).toEqual(['10', '30']);
  });

  it('is not begun where a host does not answer, which is no fault of the plan', () => {
    const { plan, kvmplay, swappiness, write } = site();
    plan();
    write(
      'hosts',
      '[hypervisors]\nh1 ansible_host=127.0.0.9 ansible_port=1\nh2 ansible_host=127.0.0.9 ansible_port=1\n',
    );

    const { status, err } = kvmplay('apply', 'plan.json');

    expect([status, swappiness('h1')]).toEqual([4, '60']);
    expect(err).toBe('Not every host answers; -l leaves hosts out. The plan was not begun on any host.\n');
  });

  it('does not take in what the playbook has been made to do since', () => {
    const { plan, kvmplay, write, read, swappiness } = site();
    plan();
    write('site.yml', PLAY.replace('swappiness {{ wanted }}', 'something else'));

    const { status, out } = kvmplay('apply', 'plan.json');

    expect(status).toBe(2);
    expect(out).toContain('site.yml:6:7');
    expect(swappiness('h1')).toBe('60');
    expect(() => read('h1/etc/wanted')).toThrow('ENOENT');
  });

  it('leaves what is so by now', () => {
    const { plan, kvmplay, write } = site();
    plan();
    write('h1/etc/wanted', 'swappiness 10\n');

    const { status, out } = kvmplay('apply', 'plan.json', '--output', 'json');

    expect([status, JSON.parse(out).hosts.h1.changed]).toEqual([0, 2]);
  });

  it('is shown, and said to hold or not, without a change', () => {
    const { plan, kvmplay, swappiness, write } = site();
    plan();

    expect(kvmplay('show', 'plan.json').out).toMatch(/h1\nLeave memory[^\n]*\n {2}live +vm.swappiness: 60 → 10\n/);
    expect(kvmplay('apply', 'plan.json', '--check')).toMatchObject({ status: 0, out: '' });
    write('h1/proc/sys/vm/swappiness', '1\n');
    expect(kvmplay('apply', 'plan.json', '--check').status).toBe(2);
    expect(swappiness('h2')).toBe('60');
  });

  it('is refused where something could not be known, unless that is agreed to', () => {
    const { kvmplay, write, read, folder } = site();
    write(
      'unknown.yml',
      `- hosts: all
  tasks:
    - command: { argv: [mkdir, ${folder}/made] }
      register: made
    - copy: { content: "{{ made.rc }}\\n", dest: ${folder}/made/rc }
`,
    );
    kvmplay('plan', 'unknown.yml', '-i', 'here,', '-c', 'local', '-o', 'plan.json');

    const refused = kvmplay('apply', 'plan.json');
    expect(refused.status).toBe(5);
    expect(refused.err).toMatch(/PlanIncomplete[\s\S]*unknown.yml:5:7[\s\S]*--unforeseen/);

    expect(kvmplay('apply', 'plan.json', '--unforeseen').status).toBe(0);
    expect(read('made/rc')).toBe('0\n');
  });

  it('is made without hosts on which a task would fail', () => {
    const { kvmplay, write, swappiness } = site();
    write(
      'failing.yml',
      PLAY.replace('handlers:', '  - fail: {}\n      when: inventory_hostname == "h2"\n  handlers:'),
    );

    const planned = kvmplay('plan', 'failing.yml', '-i', 'hosts', '-e', 'wanted=10', '-o', 'plan.json');
    expect(planned.status).toBe(2);
    expect(planned.err).toContain('without h2');

    expect(kvmplay('apply', 'plan.json').status).toBe(0);
    expect([swappiness('h1'), swappiness('h2')]).toEqual(['10', '60']);
  });

  it('holds no secret, and is applied with it all the same', () => {
    const { kvmplay, write, read, folder } = site();
    write(
      'secret.yml',
      `- hosts: h1
  tasks:
    - copy: { content: "key {{ ansible_password }}\\n", dest: /etc/key }
    - copy: { content: "silentContent\\n", dest: /etc/silent }
      no_log: true
`,
    );
    const secret = ['-e', 'ansible_password=plantedPassword'];
    const planned = kvmplay('plan', 'secret.yml', '-i', 'hosts', '-o', 'plan.json', ...secret);

    expect(planned.err).toContain('2 changes on 1 hosts');
    const kept = readFileSync(join(folder, 'plan.json'), 'utf8') + planned.out + planned.err;
    expect(kept).not.toMatch(/planted|silentContent/);
    const unasked = kvmplay('apply', 'plan.json');
    expect([unasked.status, unasked.err]).toEqual([5, expect.stringContaining('SecretVariables')]);
    expect(kvmplay('apply', 'plan.json', ...secret)).toMatchObject({ status: 0, err: '' });
    expect(read('h1/etc/key')).toBe('key plantedPassword\n');
  });

  it.each([
    ['no JSON', 'PLAY RECAP', /BadPlan.*no plan[\s\S]*plan.json:1:1/],
    ['another document', '{"schema":"kvmplay.run/1"}', /BadPlan.*schema/],
    ['a plan with a hole', '{"schema":"kvmplay.plan/1","plan_id":"1","kvmplay_version":"0"}', /BadPlan.*created/],
  ])('is refused where the file is %s', (_, text, told) => {
    const { kvmplay, folder } = makeSite();
    writeFileSync(join(folder, 'plan.json'), text);

    const { status, err } = kvmplay('apply', 'plan.json');

    expect(err).toMatch(told);
    expect(status).toBe(5);
  });
});
