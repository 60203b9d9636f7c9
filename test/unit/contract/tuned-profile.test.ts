import { describe, expect, it } from 'vitest';
import { profileSettings } from '../../../src/contract/tuned-profile.ts';

// From tuned 2.20, remarks left out.
const THROUGHPUT = `[main]
summary=Broadly applicable tuning that provides excellent performance
[variables]
thunderx_cpuinfo_regex=CPU part\\s+:\\s+(0x0?516)|(0x0?af)\\b
[cpu]
governor=performance
min_perf_pct=100
[vm.thunderx]
type=vm
uname_regex=aarch64
transparent_hugepages=never
[disk]
# The default unit for readahead is KiB.
readahead=>4096
[sysctl]
vm.dirty_ratio = 40
vm.dirty_background_ratio = 10 # in percent
vm.swappiness=10
`;
const VIRTUAL_HOST = `[main]
include=throughput-performance
[sysctl]
vm.dirty_background_ratio = 5
[cpu]
force_latency=cstate.id_no_zero:3|70
`;
const SHIPPED = {
  '/usr/lib/tuned/throughput-performance/tuned.conf': THROUGHPUT,
  '/usr/lib/tuned/virtual-host/tuned.conf': VIRTUAL_HOST,
};

const settings = (names: string[], more: Record<string, string> = {}) =>
  profileSettings(names, new Map(Object.entries({ ...SHIPPED, ...more })), 'x86_64').map(
    ({ plugin, key, value, path, line }) =>
      `${plugin} ${key}=${value} ${path.split('/').slice(1, -1).join('/')}:${line}`,
  );

describe('what a profile of tuned sets', () => {
  it.each([
    ['aarch64', ['never']],
    ['x86_64', []],
    [undefined, ['never']],
  ])('is on a machine of the kind %s what is meant for that', (machine, expected) => {
    const all = profileSettings(['throughput-performance'], new Map(Object.entries(SHIPPED)), machine);

    expect(all.filter(({ plugin }) => plugin === 'vm').map(({ value }) => value)).toEqual(expected);
  });

  it('may hang on the CPU, as it is written', () => {
    const own = '[cpu.epp]\ntype=cpu\nuname_regex=x86_64\ncpuinfo_regex=model name.*AMD\ngovernor=powersave\n';
    const [setting] = profileSettings(['own'], new Map([['/etc/tuned/own/tuned.conf', own]]), 'x86_64');

    expect(setting).toMatchObject({ plugin: 'cpu', key: 'governor', cpuinfo: 'model name.*AMD' });
  });

  it('is what it includes, and then its own', () => {
    expect(settings(['virtual-host'])).toEqual([
      'cpu governor=performance usr/lib/tuned/throughput-performance:6',
      'cpu min_perf_pct=100 usr/lib/tuned/throughput-performance:7',
      'cpu force_latency=cstate.id_no_zero:3|70 usr/lib/tuned/virtual-host:6',
      'disk readahead=>4096 usr/lib/tuned/throughput-performance:14',
      'sysctl vm.dirty_ratio=40 usr/lib/tuned/throughput-performance:16',
      'sysctl vm.dirty_background_ratio=5 usr/lib/tuned/virtual-host:4',
      'sysctl vm.swappiness=10 usr/lib/tuned/throughput-performance:18',
    ]);
  });

  it.each([
    ['replace', '[sysctl]\nreplace=1\nvm.swappiness=1\n', ['sysctl vm.swappiness=1 etc/tuned/own:5']],
    [
      'drop',
      '[sysctl]\ndrop=vm.dirty_ratio, vm.swappiness\n',
      ['sysctl vm.dirty_background_ratio=5 usr/lib/tuned/virtual-host:4'],
    ],
    ['switch off', '[sysctl]\nenabled=false\n', []],
  ])('may %s what it includes', (_, text, expected) => {
    const own = { '/etc/tuned/own/tuned.conf': `[main]\ninclude=virtual-host\n${text}` };

    expect(settings(['own'], own).filter((one) => one.startsWith('sysctl'))).toEqual(expected);
  });

  it('may include the shipped one of its own name, and comes before it', () => {
    const own = { '/etc/tuned/virtual-host/tuned.conf': '[main]\ninclude=virtual-host\n[sysctl]\nvm.swappiness=1\n' };

    expect(settings(['virtual-host'], own)).toContain('sysctl vm.swappiness=1 etc/tuned/virtual-host:4');
    expect(settings(['virtual-host'], own)).toContain(
      'cpu force_latency=cstate.id_no_zero:3|70 usr/lib/tuned/virtual-host:6',
    );
  });

  it('comes of several profiles, the last of which wins', () => {
    const own = { '/etc/tuned/calm/tuned.conf': '[sysctl]\nvm.swappiness=60\n' };

    expect(settings(['throughput-performance', 'calm'], own)).toContain('sysctl vm.swappiness=60 etc/tuned/calm:2');
    expect(settings(['calm', 'none-such'], own)).toEqual(['sysctl vm.swappiness=60 etc/tuned/calm:2']);
  });
});
