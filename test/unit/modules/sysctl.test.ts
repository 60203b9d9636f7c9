import { describe, expect, it } from 'vitest';
import { sysctl } from '../../../modules/sysctl.ts';
import { mistakesIn, planOn, problemOn, summaryOf } from '../../support/plan.ts';

const SWAPPINESS = '/proc/sys/vm/swappiness';
const OURS = '/etc/sysctl.d/90-kvmplay.conf';
const ten = { name: 'vm.swappiness', value: 10 };
const asAsked = { [SWAPPINESS]: '10\n', [OURS]: 'vm.swappiness = 10\n' };

describe('sysctl', () => {
  it('sets the running kernel first, then the file, so that no refused value is kept', async () => {
    const plan = await planOn(sysctl, ten, { [SWAPPINESS]: '60\n' });

    expect(plan.changes).toMatchObject([
      { plane: 'live', summary: 'vm.swappiness: 60 → 10', do: [{ do: 'poke', path: SWAPPINESS, value: '10' }] },
      {
        plane: 'persistent',
        target: { path: OURS },
        after: { text: expect.stringMatching(/^# .*\nvm.swappiness = 10\n$/) },
      },
    ]);
  });

  it('keeps every other line of the file byte for byte', async () => {
    const text = '# mine\n\n kernel.sysrq=0\nvm.swappiness=60\n;x\nvm.swappiness = 30\nbroken';

    const plan = await planOn(sysctl, { ...ten, live: false }, { [OURS]: text });

    expect(plan.changes[0]?.after).toEqual({
      is: 'text',
      text: '# mine\n\n kernel.sysrq=0\nvm.swappiness = 10\n;x\nbroken',
    });
  });

  it.each([
    [
      'tabs for spaces',
      { name: 'net.ipv4.tcp_rmem', value: '4096 87380 6291456' },
      '/proc/sys/net/ipv4/tcp_rmem',
      '4096\t87380\t6291456\n',
    ],
    [
      'dots in an interface name',
      { name: 'net.ipv4.conf.eth0/100.forwarding', value: 1 },
      '/proc/sys/net/ipv4/conf/eth0.100/forwarding',
      '1\n',
    ],
    [
      'slashes',
      { name: 'net/ipv4/conf/eth0.100/forwarding', value: 1 },
      '/proc/sys/net/ipv4/conf/eth0.100/forwarding',
      '1\n',
    ],
    ['true for 1', { name: 'kernel.numa_balancing', value: true }, '/proc/sys/kernel/numa_balancing', '1\n'],
    ['text for a number', { name: 'vm.swappiness', value: '10' }, SWAPPINESS, '10\n'],
  ])('takes %s', async (_, params, path, text) => {
    const { changes } = await planOn(sysctl, { ...params, persistent: false }, { [path]: text });

    expect(changes).toEqual([]);
  });

  it.each([
    ['vm.swappiness=10', true],
    ['  -vm/swappiness  =  10  ', true],
    ['vm.swappiness = 11', false],
    ['#vm.swappiness = 10', false],
    ['-vm.swappiness', false],
  ])('takes the line "%s" for said: %s', async (line, said) => {
    const { changes } = await planOn(sysctl, ten, { [SWAPPINESS]: '10\n', [OURS]: `${line}\n` });

    expect(changes).toHaveLength(said ? 0 : 1);
  });

  const verdict = (path: string, line: number, says: string) =>
    `pending vm.swappiness: ${path}:${line} ${says} and has the last word, so it will not be "10" after a boot`;
  it.each([
    [
      'a later file',
      { '/etc/sysctl.d/99-z.conf': '\nvm.swappiness = 60\n' },
      verdict('/etc/sysctl.d/99-z.conf', 2, 'sets vm.swappiness to "60"'),
    ],
    [
      'the last of several',
      { '/run/sysctl.d/98-a.conf': 'vm.swappiness=1\n', '/usr/lib/sysctl.d/99-b.conf': 'vm.swappiness=2\n' },
      verdict('/usr/lib/sysctl.d/99-b.conf', 1, 'sets vm.swappiness to "2"'),
    ],
    [
      "Debian's link",
      { '/etc/sysctl.conf': 'vm.swappiness=60\n', '/etc/sysctl.d/99-sysctl.conf': { link: '../sysctl.conf' } },
      verdict('/etc/sysctl.d/99-sysctl.conf', 1, 'sets vm.swappiness to "60"'),
    ],
    [
      'a later file that takes the key out',
      { '/etc/sysctl.d/99-z.conf': '-vm.swappiness\n' },
      verdict('/etc/sysctl.d/99-z.conf', 1, 'takes vm.swappiness out'),
    ],
    ['an earlier file', { '/etc/sysctl.d/10-a.conf': 'vm.swappiness = 60\n' }, undefined],
    ['a later file that agrees', { '/etc/sysctl.d/99-z.conf': 'vm/swappiness=10' }, undefined],
    [
      'a file hidden by one of its name',
      { '/usr/lib/sysctl.d/99-z.conf': 'vm.swappiness = 60\n', '/etc/sysctl.d/99-z.conf': '' },
      undefined,
    ],
    [
      'a file masked by a link',
      { '/usr/lib/sysctl.d/99-z.conf': 'vm.swappiness = 60\n', '/etc/sysctl.d/99-z.conf': { link: '/dev/null' } },
      undefined,
    ],
    ['a pattern', { '/etc/sysctl.d/99-z.conf': 'vm.swap* = 60\nvm/* = 1\n' }, undefined],
    ['a file that systemd does not read', { '/etc/sysctl.d/99-z.txt': 'vm.swappiness = 60\n' }, undefined],
  ])('knows what becomes of its line beside %s', async (_, files, expected) => {
    const plan = await planOn(sysctl, ten, { ...asAsked, ...files });

    expect(summaryOf(plan)).toEqual(expected === undefined ? [] : [expected]);
  });

  it('finds that the twin in a later file puts its own line out of force', async () => {
    const plan = await planOn(
      sysctl,
      { name: 'vm.dirty_bytes', value: 4096, live: false },
      { [OURS]: 'vm.dirty_bytes = 4096\n', '/etc/sysctl.d/99-z.conf': 'vm.dirty_ratio = 20\n' },
    );

    expect(plan.pending).toMatchObject([{ summary: expect.stringContaining('sets vm.dirty_ratio to "20"') }]);
  });

  it('undoes a limit in bytes by its twin in percent, since that is what was in force', async () => {
    const { changes } = await planOn(
      sysctl,
      { name: 'vm.dirty_bytes', value: 4096 },
      { '/proc/sys/vm/dirty_bytes': '0\n', '/proc/sys/vm/dirty_ratio': '20\n', [OURS]: 'vm.dirty_ratio = 20\n' },
    );

    expect(changes).toMatchObject([
      { disturbs: [{ path: '/proc/sys/vm/dirty_ratio' }], undo: [{ path: '/proc/sys/vm/dirty_ratio', value: '20' }] },
      { after: { text: 'vm.dirty_bytes = 4096\n' } },
    ]);
  });

  it.each([
    ['vm.swapiness', 'vm.swappiness'],
    ['vn.swappiness', 'vm.swappiness'],
    ['net.ipv4.conf.eht0.rp_filter', 'net.ipv4.conf.eth0.rp_filter'],
  ])('knows no %s, and names %s', async (name, right) => {
    const files = { [SWAPPINESS]: '60\n', '/proc/sys/net/ipv4/conf/eth0/rp_filter': '0\n' };

    expect(await problemOn(sysctl, { name, value: 1 }, files)).toBe(
      `UnknownKey: this kernel has no ${name} (did you mean "${right}"?)`,
    );
  });

  it('passes over what this kernel lacks where that is asked', async () => {
    const values = { 'vm.swappiness': 10, 'kernel.numa_balancing': 0 };

    const some = await planOn(sysctl, { values, ignore_missing: true }, { [SWAPPINESS]: '60\n' });
    const none = await planOn(sysctl, { values, ignore_missing: true }, {});

    expect(some.changes).toHaveLength(2);
    expect(some.notes).toEqual(['kernel.numa_balancing: n/a, this kernel does not have it']);
    expect(none).toMatchObject({ changes: [], na: expect.stringContaining('vm.swappiness: n/a') });
  });

  it('takes its line out, and the file with the last one', async () => {
    const absent = { name: 'vm.swappiness', state: 'absent' };
    const header = (await planOn(sysctl, { ...ten, live: false }, {})).changes[0]?.after;
    const written = header?.is === 'text' ? header.text : '';

    expect((await planOn(sysctl, absent, { [OURS]: written })).changes).toMatchObject([{ after: { is: 'absent' } }]);
    expect((await planOn(sysctl, absent, { [OURS]: `${written}a = 1\n` })).changes[0]?.after).toMatchObject({
      text: expect.stringMatching(/^#.*\na = 1\n$/),
    });
    expect((await planOn(sysctl, absent, {})).changes).toEqual([]);
  });

  it.each([
    [1, true, 1],
    [0, true, 0],
    [1, false, 0],
  ])('numa_balancing=%d while numad runs (%s): notes', async (value, runs, notes) => {
    const files = {
      '/proc/sys/kernel/numa_balancing': '0\n',
      '/usr/lib/systemd/system/numad.service': '[Service]\n',
      ...(runs && { '/sys/fs/cgroup/system.slice/numad.service/cgroup.procs': '7\n' }),
    };

    const plan = await planOn(sysctl, { name: 'kernel.numa_balancing', value }, files);

    expect(plan.notes ?? []).toHaveLength(notes);
  });

  it('says of keys that decide on forwarding that guests may feel it', async () => {
    const path = '/proc/sys/net/ipv4/ip_forward';

    const { changes } = await planOn(sysctl, { name: 'net.ipv4.ip_forward', value: 1 }, { [path]: '0\n' });

    expect(changes[0]?.impact).toBe('network-blip');
  });

  it.each([
    [{ name: 'vm.zone_reclaim_mode', value: 99 }, 'value: vm.zone_reclaim_mode takes 0 to 7'],
    [{ values: { 'vm/swappiness': 201 } }, 'values.vm/swappiness: vm/swappiness takes 0 to 200'],
    [{ name: 'vm.swappiness', value: '010' }, 'value: the kernel takes a leading zero for octal: leave it out'],
    [{ name: 'vm.swappiness', value: 2 ** 60 }, 'value: too large for a number: put it in quotes'],
    [{ name: 'vm.swappiness', value: '1\nkernel.sysrq=1' }, 'value: expected a single line'],
    [{ name: 'vm.swappiness' }, 'value: expected a value'],
    [{ value: 1 }, ': expected either `name`, or `values` or a `preset`'],
    [{ name: 'vm..swappiness', value: 1 }, 'name: a part of this key is empty'],
    [{ name: 'net.ipv4.conf.*.rp_filter', value: 1 }, 'name: expected a key such as vm.swappiness'],
    [{ name: '../../etc/passwd', value: 1 }, 'name: expected a key such as vm.swappiness'],
    [{ name: 'net//..//etc', value: 1 }, 'name: a part of this key is empty'],
    [
      { values: { 'vm.dirty_bytes': 1, 'vm/dirty_ratio': 2 } },
      'values.vm.dirty_bytes: vm.dirty_bytes and vm/dirty_ratio make each other 0: give one of them',
    ],
    [{ name: 'a.b', value: 1, file: '/etc/sysctl.conf' }, 'file: expected a path like /etc/sysctl.d/NAME.conf'],
    [{ name: 'a.b', value: 1, live: 'perhaps' }, 'live: expected true or false'],
  ])('refuses %j', (params, message) => {
    expect(mistakesIn(sysctl, params)).toContain(message);
  });

  it('takes a preset, and what is asked beside it over that', async () => {
    const files = Object.fromEntries(
      ['swappiness', 'dirty_ratio', 'dirty_bytes', 'dirty_background_ratio', 'dirty_background_bytes'].map((name) => [
        `/proc/sys/vm/${name}`,
        '0\n',
      ]),
    );
    const params = {
      preset: 'virtual-host',
      values: { 'vm.swappiness': 1, 'vm.dirty_bytes': 1048576 },
      persistent: false,
    };

    const plan = await planOn(sysctl, params, files);

    expect(summaryOf(plan)).toEqual([
      'live vm.swappiness: 0 → 1',
      'live vm.dirty_background_ratio: 0 → 5',
      'live vm.dirty_bytes: 0 → 1048576',
    ]);
    expect(plan.notes).toEqual(['vm.zone_reclaim_mode: n/a, this kernel does not have it']);
  });

  it.each([
    ['5.4.0-150-generic', 'OutOfRange: vm.swappiness takes 0 to 100 on this kernel, 5.4.0-150-generic'],
    ['5.8.0', 'no problem'],
    ['6.1.0-18-amd64', 'no problem'],
  ])('takes a swappiness of 150 on %s: %s', async (release, problem) => {
    const files = { '/proc/sys/vm/swappiness': '60\n', '/proc/sys/kernel/osrelease': `${release}\n` };

    expect(await problemOn(sysctl, { name: 'vm.swappiness', value: 150 }, files)).toContain(problem);
    expect(await problemOn(sysctl, { name: 'vm.swappiness', value: 100 }, files)).toBe('no problem');
  });
});
