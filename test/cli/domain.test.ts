import { describe, expect, it } from 'vitest';
import { exampleGuest } from '../../src/domain-xml/index.ts';
import { topologyJson } from '../../src/topology/index.ts';
import { machine } from '../support/machines.ts';
import { makeSite } from './site.ts';

const GUEST = exampleGuest('config');

function site(xml = GUEST) {
  const made = makeSite();
  made.write('web1.xml', xml);
  return { ...made, domain: (...args: string[]) => made.kvmplay('domain', 'web1.xml', ...args) };
}

describe('kvmplay domain', () => {
  it('prints the file with what was asked for, and all else as it was', () => {
    const { domain } = site();

    const { status, out, err } = domain('-m', 'disk_cache', '-a', 'cache=none io=native disks=vda');

    expect(err).toBe('');
    expect(out).toBe(GUEST.replace("type='qcow2'/>", "type='qcow2' cache='none' io='native'/>"));
    expect(status).toBe(0);
  });

  it('takes arguments as YAML, and shows the change beside the result', () => {
    const { domain } = site(`\ufeff${GUEST.replaceAll('\n', '\r\n')}`);

    const { status, out, err } = domain('-D', '-m', 'cpu_pin', '-a', 'vcpus: { 0: 2, 1: 3 }\nemulator: 0-1');

    expect(status).toBe(0);
    expect(out.startsWith('\ufeff<domain')).toBe(true);
    expect(out).toContain(
      `  <cputune>\r\n    <vcpupin vcpu='0' cpuset='2'/>\r\n    <vcpupin vcpu='1' cpuset='3'/>\r\n`,
    );
    expect(err).toContain("\n+    <emulatorpin cpuset='0-1'/>");
    expect(err).toMatch(/^--- web1.xml/);
  });

  it('takes a value in brackets among others', () => {
    const { domain } = site();

    const { status, out, err } = domain('-m', 'cpu_pin', '-a', 'vcpus={0: "2", 1: 3} emulator=0-1');

    expect(err).toBe('');
    expect(out).toContain("<vcpupin vcpu='0' cpuset='2'/>");
    expect(out).toContain("<emulatorpin cpuset='0-1'/>");
    expect(status).toBe(0);
  });

  it('places the guest on a host that is told by a document, or by a folder that stands for its root', () => {
    const { domain, write } = site();
    const topology = machine({ nodes: 2, cores: 4, threads: 2 });
    write('topology.json', JSON.stringify(topologyJson({ ...topology, reserve: { host: [0, 1], guests: [10, 11] } })));
    write('root/sys/devices/system/cpu/online', '0-7\n');
    write('root/sys/devices/system/node/node0/cpulist', '0-3\n');
    write('root/sys/devices/system/node/node1/cpulist', '4-7\n');

    const placed = domain('--topology', 'topology.json', '-m', 'cpu_pin', '-a', 'policy=cache');
    write('web1.xml', placed.out);
    const bound = domain('--topology', 'topology.json', '-m', 'numatune', '-a', 'mode=strict nodeset=auto');
    const far = domain('--root', 'root', '-m', 'numatune', '-a', 'mode=strict nodeset=2');

    expect([placed.status, bound.status], placed.err + bound.err).toEqual([0, 0]);
    expect(placed.out).toContain("<vcpupin vcpu='0' cpuset='10'/>");
    expect(placed.out).toContain("<vcpupin vcpu='1' cpuset='11'/>");
    expect(placed.out).toContain("<emulatorpin cpuset='0-9,12-15'/>");
    expect(bound.out).toContain("<memory mode='strict' nodeset='1'/>");
    expect(far.err).toContain('this host has no NUMA node 2');
    expect(far.status).toBe(2);
  });

  it('says what is wrong with the host that it is told of', () => {
    const { domain, write } = site();
    write('topology.json', '{}');

    const none = domain('--topology', 'topology.json', '-m', 'cpu_pin', '-a', 'policy=cache');
    const both = domain('--topology', 'topology.json', '--root', '/', '-m', 'cpu_pin', '-a', 'policy=cache');
    const nowhere = domain('-m', 'cpu_pin', '-a', 'policy=cache');

    expect(none.err).toContain('BadTopology');
    expect(both.err).toContain('BadFlags');
    expect([none.status, both.status, nowhere.status]).toEqual([5, 5, 2]);
    expect(nowhere.err).toContain('--topology');
  });

  it.each([['vcpus={0: "2"'], ['emulator="0-1']])('refuses %s, which does not end', (args) => {
    const { status, err } = site().domain('-m', 'cpu_pin', '-a', args);

    expect(err).toContain('BadArguments');
    expect(status).toBe(5);
  });

  it('keeps the password in the file, and out of what it shows', () => {
    const { domain } = site(GUEST.replace("port='-1'", "port='-1' passwd='s3cret'").replace('      <readonly/>\n', ''));

    const { out, err } = domain('-D', '-m', 'disk_cache', '-a', 'device=cdrom cache=none');

    expect(out).toContain("passwd='s3cret'");
    expect(err).toContain("passwd='***'");
    expect(err).not.toContain('s3cret');
  });

  it.each([
    ['a password', `<graphics type='vnc' passwd='s3cret'x/>`, "passwd='******'x"],
    ['one that does not end', `<graphics type='vnc' passwd='s3cret/>`, '3 | *********\n'],
    ['a cookie', '<cookies><cookie name="a"><![CDATA[s3cret]]> & </cookie></cookies>', '<cookie name="a">*'],
  ])('keeps %s out of the line that it shows of a file that is not well-formed', (_, xml, shown) => {
    const { status, err } = site(`<domain>\n${xml}\n</domain>\n`).domain('-m', 'disk_cache', '-a', 'cache=none');

    expect(err).toContain(shown);
    expect(err).not.toContain('s3cret');
    expect(status).toBe(5);
  });

  it('says where a file is no UTF-8', () => {
    const { domain, write } = site();
    write('web1.xml', Buffer.from('<domain>\n  <name>caf\xe9</name>\n</domain>\n', 'latin1'));

    const { status, err } = domain('-m', 'disk_cache', '-a', 'cache=none');

    expect(err).toContain('NotText');
    expect(err).toContain('web1.xml:2:12');
    expect(err).toContain('iconv');
    expect(status).toBe(5);
  });

  it('prints a file that is as asked byte for byte', () => {
    const { domain } = site(GUEST.replace('<vcpu', '<!-- two -->\n\t<vcpu'));

    const { out } = domain('-m', 'disk_cache', '-a', '{"cache": "default", "guests": ["web1"]}');

    expect(out).toBe(GUEST.replace('<vcpu', '<!-- two -->\n\t<vcpu'));
  });

  it.each([
    ['a module that is not there', ['-m', 'disk_cash'], 'did you mean "disk_cache"?'],
    ['a module of hosts', ['-m', 'ksm', '-a', 'state=off'], 'NotAGuestModule'],
    ['an argument that is not there', ['-m', 'disk_cache', '-a', 'cach=none'], 'did you mean "cache"?'],
    ['a value that is not there', ['-m', 'disk_cache', '-a', 'cache=some'], 'cache'],
    ['no pair', ['-m', 'disk_cache', '-a', 'none'], '"none" is not name=value'],
  ])('ends with 5 for %s', (_, args, words) => {
    const { status, out, err } = site().domain(...args);

    expect(err).toContain(words);
    expect(out).toBe('');
    expect(status).toBe(5);
  });

  it('ends with 5 and the place where the file is no domain XML', () => {
    const { status, err } = site('<domain>\n  <name>a</nome>\n</domain>\n').domain(
      '-m',
      'disk_cache',
      '-a',
      'cache=none',
    );

    expect(err).toMatch(/web1\.xml:2:10/);
    expect(err).toMatch(/NotWellFormed/);
    expect(status).toBe(5);
  });

  it('ends with 2 where the guest cannot have it', () => {
    const { status, out, err } = site().domain('-m', 'cpu_pin', '-a', '{ vcpus: { 9: 0 } }');

    expect(err).toContain('web1 has no vCPU 9');
    expect(out).toBe('');
    expect(status).toBe(2);
  });
});
