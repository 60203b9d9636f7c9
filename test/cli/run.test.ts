import { describe, expect, it } from 'vitest';
import { makeSite } from './site.ts';

const SITE = `- name: Tune
  hosts: hypervisors
  tasks:
    - name: swappiness
      tags: [memory]
      sysctl:
        name: vm.swappiness
        value: "{{ wanted }}"
`;

function tuning(...hosts: string[]) {
  const site = makeSite(hosts.length > 0 ? hosts : ['h1']);
  site.write('site.yml', SITE);
  site.write('group_vars/hypervisors.yml', 'wanted: 10\n');
  return site;
}

describe('kvmplay run and audit', () => {
  it('audits, changes, finds nothing more to change, and takes it all back', () => {
    const site = tuning();
    const steps = [
      site.kvmplay('audit', 'site.yml', '-i', 'hosts'),
      site.kvmplay('run', 'site.yml', '-i', 'hosts'),
      site.kvmplay('audit', 'site.yml', '-i', 'hosts'),
      site.kvmplay('rollback', 'last'),
      site.kvmplay('audit', 'site.yml', '-i', 'hosts'),
    ];

    expect(steps.map(({ status, err }) => [status, err])).toEqual([3, 0, 0, 0, 3].map((status) => [status, '']));
    expect(steps[0]?.out).toContain('  live       vm.swappiness: 60 → 10\n');
    expect(steps[1]?.out).toMatch(
      /^h1 {25}: ok=1 {4}changed=1 {4}unreachable=0 {4}failed=0 {4}skipped=0 {4}rescued=0 {4}ignored=0/m,
    );
    expect(site.read('h1/proc/sys/vm/swappiness')).toBe('60\n');
  });

  it('takes back what was live of a disk by what the disk is, where a reboot has named it otherwise', () => {
    const site = makeSite();
    const disk = (name: string, wwid: string, scheduler: string, ahead = '128') => {
      site.write(`h1/sys/block/${name}/queue/scheduler`, `${scheduler}\n`);
      site.write(`h1/sys/block/${name}/queue/read_ahead_kb`, `${ahead}\n`);
      site.write(`h1/sys/block/${name}/device/wwid`, `${wwid}\n`);
    };
    for (const name of ['sda', 'sdb', 'sdc', 'sdd']) disk(name, `naa.${name}`, '[none] bfq mq-deadline');
    const task = { devices: ['sda', 'sdc', 'sdd'], scheduler: 'bfq', read_ahead_kb: 1024, persistent: false };
    site.write('disks.yml', JSON.stringify([{ hosts: 'all', tasks: [{ io_scheduler: task }] }]));
    const run = site.kvmplay('run', 'disks.yml', '-i', 'hosts');
    expect([run.status, run.err]).toEqual([0, '']);
    // The host boots: a rule of udev's has set the scheduler again, two have changed their names, and one was taken out.
    site.write('h1/proc/uptime', '0.00 0.00\n');
    disk('sda', 'naa.sdb', '[none] bfq mq-deadline');
    disk('sdb', 'naa.sda', 'none [bfq] mq-deadline', '256');
    disk('sdc', 'naa.sdc', 'none [bfq] mq-deadline', '1024');
    disk('sdd', 'naa.new', 'none [bfq] mq-deadline', '1024');

    const back = site.kvmplay('rollback', 'last', '--output', 'json');

    const [{ changes, notes }] = JSON.parse(back.out).tasks[0].results;
    expect([back.status, back.err]).toEqual([0, '']);
    expect(changes.map(({ summary }: { summary: string }) => summary).sort()).toEqual([
      'undo sda.scheduler: none → bfq (sda is sdb since the reboot)',
      'undo sdc.read_ahead_kb: 128 → 1024',
      'undo sdc.scheduler: none → bfq',
    ]);
    expect(notes).toEqual([
      expect.stringMatching(/^sdd\..* is not here any more$/),
      expect.stringMatching(/^sdd\..* is not here any more$/),
      expect.stringMatching(/^sda\.read_ahead_kb: 128 → 1024 .*went with the reboot/),
    ]);
    const left = ['sda', 'sdb', 'sdc', 'sdd'].map((name) => site.read(`h1/sys/block/${name}/queue/scheduler`).trim());
    expect(left).toEqual(['[none] bfq mq-deadline', 'none', 'none', 'none [bfq] mq-deadline']);
  });

  it('prints one JSON document, with one round trip for an audit, and writes every kind of report', () => {
    const site = tuning('h1', 'h2');
    const kinds = ['json', 'xml', 'html', 'prom', 'sarif'];

    const { status, out } = site.kvmplay(
      'audit',
      'site.yml',
      '-i',
      'hosts',
      '--output',
      'json',
      ...kinds.flatMap((kind) => ['--report', `r.${kind}`]),
    );
    const document = JSON.parse(out);

    expect(status).toBe(3);
    expect(document).toMatchObject({
      schema: 'kvmplay.run/1',
      mode: 'audit',
      exit_code: 3,
      hosts: { h1: { ok: 1, changed: 1, failed: 0 } },
      round_trips: { h1: 1, h2: 1 },
      tasks: [{ play: 'Tune', name: 'swappiness', module: 'sysctl', source: 'site.yml:4:7' }],
    });
    expect(document.tasks[0].results.map(({ host }: { host: string }) => host)).toEqual(['h1', 'h2']);
    expect(site.read('r.xml')).toContain('<testsuite name="h2" tests="1" failures="1"');
    expect(site.read('r.html')).toContain('2 of 2 hosts');
    expect(site.read('r.prom')).toContain('kvmplay_host_as_asked{host="h1",mode="audit"} 0');
    expect(JSON.parse(site.read('r.sarif')).runs[0].results).toHaveLength(2);
    expect(JSON.parse(site.read('r.json'))).toEqual(document);
  });

  it('limits, chooses by tags, and lists without touching a host', () => {
    const site = tuning('h1', 'h2');

    const limited = site.kvmplay('run', 'site.yml', '-i', 'hosts', '-l', 'h2', '-t', 'memory');
    const listed = site.kvmplay('run', 'site.yml', '-i', 'hosts', '--list-hosts', '--list-tasks', '--list-tags');

    expect([limited.status, listed.status]).toEqual([0, 0]);
    expect(limited.out).not.toContain('h1');
    expect(site.read('h1/proc/sys/vm/swappiness')).toBe('60\n');
    expect(listed.out).toMatch(/hosts \(2\):\n {6}h1\n {6}h2\n/);
    expect(listed.out).toContain('swappiness\tTAGS: [memory]');
  });

  it('lets -e win over everything, as text, a map or a file', () => {
    const site = tuning();
    site.write('more.yml', 'wanted: 30\n');

    for (const [extra, expected] of [
      ['wanted=20', 20],
      ['{"wanted": 25}', 25],
      ['@more.yml', 30],
    ] as const) {
      const { out } = site.kvmplay('audit', 'site.yml', '-i', 'hosts', '-e', extra);
      expect(out).toContain(`vm.swappiness: 60 → ${expected}`);
    }
  });
});

describe('mistakes', () => {
  it('are all told at once, with the place, a caret and the nearest right name, and no host is touched', () => {
    const site = tuning();
    site.write(
      'bad.yml',
      `- hosts: hypervisors
  taks: []
  tasks:
    - sysctl: { nme: vm.swappiness, value: 10 }
    - sysclt: { name: vm.swappiness, value: 10 }
    - sysctl: { name: vm.swappiness, value: 10 }
      when: wanted and true
`,
    );

    const { status, out, err } = site.kvmplay('run', 'bad.yml', '-i', 'hosts');

    expect(status).toBe(5);
    expect(out).toBe('');
    expect(err).toMatch(/--> .*bad\.yml:2:3\n.*\n.*taks.*\n.*\^\^\^\^\n.*did you mean "tasks"/);
    expect(err).toMatch(/bad\.yml:5:7\n[\s\S]*did you mean "sysctl"/);
    expect(err).toMatch(/bad\.yml:7:20\n[\s\S]*write `wanted && true`/);
    expect(err).toContain('no host was touched');
  });

  it.each([
    [['run', 'site.yml', '-i', 'hosts', '-l', 'nobody'], 'NoHostsMatched'],
    [['run', 'site.yml', '-i', 'hosts', '-t', 'memry'], 'did you mean "memory"'],
    [['run', 'site.yml', '-i', 'hosts', '--start-at-task', 'swapiness'], 'did you mean "swappiness"'],
    [['run', 'none.yml', '-i', 'hosts'], 'there is no file'],
    [['run', 'site.yml', '-i', 'hosts', '--chek'], 'did you mean "--check"'],
    [['rn', 'site.yml'], 'did you mean "run"'],
    [['run', 'site.yml', '-i', 'hosts', '-e', 'x'], 'is not name=value'],
    [['run', 'site.yml', '-i', 'hosts', '--report', 'x.doc'], 'UnknownReport'],
    [['run', 'site.yml', '-i', 'hosts', '-e', 'ansible_port=no'], 'BadConnectionVariable'],
    [['show', 'nothing'], 'UnknownRun'],
  ])('%j ends with 5 and says: %s', (args, said) => {
    const { status, err } = tuning().kvmplay(...args);

    expect(err).toContain(said);
    expect(status).toBe(5);
  });

  it('do nothing when the journal cannot be written', () => {
    const site = tuning();
    site.write('state', 'a file where a folder should be');

    const { status, err } = site.kvmplay('run', 'site.yml', '-i', 'hosts');

    expect(status).toBe(1);
    expect(err).toContain('so nothing was done');
    expect(site.read('h1/proc/sys/vm/swappiness')).toBe('60\n');
  });
});
