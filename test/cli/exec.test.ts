import { describe, expect, it } from 'vitest';
import { makeSite } from './site.ts';

describe('kvmplay exec', () => {
  const site = makeSite(['h1', 'h2']);
  const exec = (...args: string[]) => site.kvmplay('exec', ...args, '-i', 'hosts');

  it('does one task on the hosts of a pattern, as a run does', () => {
    const checked = exec('all:!h2', '-m', 'sysctl', '-a', 'values: { vm.swappiness: 10 }', '-C', '--output', 'json');
    const done = exec('h1', '-m', 'sysctl', '-a', '{ values: { vm.swappiness: 10 }, persistent: false }');

    expect(JSON.parse(checked.out)).toMatchObject({
      mode: 'check',
      hosts: { h1: { changed: 1 } },
      round_trips: { h1: 1 },
    });
    expect(done).toMatchObject({ status: 0, out: expect.stringContaining('changed: [h1]') });
    expect(site.read('h1/proc/sys/vm/swappiness')).toBe('10\n');
    expect(site.read('h2/proc/sys/vm/swappiness')).toBe('60\n');
  });

  it('takes name=value and templates, and facts in them', () => {
    const said = exec('h2', '-m', 'debug', '-a', "msg='{{ inventory_hostname }} is {{ facts.hostname }}'");

    expect(said.out).toContain('h2 is h2');
  });

  it.each([
    ['a module that is none', ['-m', 'sysctll'], 'UnknownModule', 'did you mean "sysctl"?'],
    ['a parameter that is none', ['-m', 'sysctl', '-a', 'valeus=1'], 'UnknownParameter', 'did you mean "value"?'],
    ['what are no arguments', ['-m', 'sysctl', '-a', 'swappiness'], 'BadArguments', 'name=value'],
    ['a fact that is none', ['-m', 'debug', '-a', 'msg={{facts.memroy}}'], 'UnknownFact', 'did you mean "memory"?'],
  ])('says before any host is touched: %s', (_, args, code, hint) => {
    expect(exec('all', ...args)).toMatchObject({
      status: 5,
      err: expect.stringMatching(new RegExp(`${code}[\\s\\S]*${hint.replace('?', '\\?')}`)),
    });
  });
});

describe('kvmplay doc', () => {
  const { kvmplay } = makeSite();

  it('lists all modules', () => {
    expect(kvmplay('doc').out).toMatch(/^sysctl +Set /m);
  });

  it('shows the reference of one, for people and for programs', () => {
    expect(kvmplay('doc', 'sysctl').out).toMatch(/^# sysctl\n[\s\S]*## Parameters[\s\S]*## Examples/);
    expect(JSON.parse(kvmplay('doc', 'sysctl', '--output', 'json').out)).toMatchObject({
      schema: 'kvmplay.doc/1',
      name: 'sysctl',
      params: { properties: { values: expect.anything() } },
    });
  });

  it('knows what was meant', () => {
    expect(kvmplay('doc', 'sysctll')).toMatchObject({
      status: 5,
      err: expect.stringContaining('did you mean "sysctl"?'),
    });
  });
});

describe('kvmplay facts', () => {
  const { kvmplay } = makeSite(['h1', 'h2']);

  it('shows facts of one host, of several, and of a folder', () => {
    expect(kvmplay('facts', 'h1', 'hostname', '-i', 'hosts')).toMatchObject({ status: 0, out: 'hostname: h1\n' });
    expect(kvmplay('facts', 'all', 'hostname', '-i', 'hosts').out).toBe('h1:\n  hostname: h1\nh2:\n  hostname: h2\n');
    expect(kvmplay('facts', '--root', 'h2', 'hostname').out).toBe('hostname: h2\n');
    expect(
      JSON.parse(kvmplay('facts', 'h1', 'memory.total_kib', 'os', '-i', 'hosts', '--output', 'json').out),
    ).toMatchObject({
      schema: 'kvmplay.facts/1',
      hosts: { h1: { facts: { 'memory.total_kib': null, os: { id: null } } } },
    });
  });

  it('knows what was meant', () => {
    const wrong = kvmplay('facts', 'h1', 'memory.total_kb', 'oss', '-i', 'hosts');

    expect(wrong).toMatchObject({
      status: 5,
      err: expect.stringMatching(/did you mean "total_kib"\?[\s\S]*did you mean "os"\?/),
    });
  });
});
