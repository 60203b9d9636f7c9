import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeSite } from './site.ts';

const PLAY = `- hosts: hypervisors
  tasks:
    - copy: { content: "one\\n", dest: /etc/one }
    - fail: {}
      when: inventory_hostname == broken
    - copy: { content: "two\\n", dest: /etc/two }
    - copy: { content: "not asked for\\n", dest: /etc/three }
      tags: never
`;

function site() {
  const made = makeSite(['h1', 'h2', 'h3']);
  made.write('site.yml', PLAY);
  const run = (...args: string[]) => made.kvmplay('run', 'site.yml', '-i', 'hosts', '-l', 'h1,h2', ...args);
  const hostsOf = ({ out }: { out: string }) => Object.keys(JSON.parse(out).hosts);
  return { ...made, run, hostsOf };
}

describe('kvmplay resume', () => {
  it('goes on with the hosts that a run did not get through, as it was asked for', () => {
    const { run, kvmplay, hostsOf, read } = site();
    expect(run('-e', 'broken=h2').status).toBe(2);

    const resumed = kvmplay('resume', 'last', '-e', 'broken=none', '--output', 'json');

    expect(resumed.err).toMatch(/^Resuming \S+ on 1 of 2 hosts\.\n$/);
    expect([resumed.status, hostsOf(resumed)]).toEqual([0, ['h2']]);
    expect(read('h2/etc/two')).toBe('two\n');
    expect(() => read('h2/etc/three')).toThrow('ENOENT');
    expect(() => read('h3/etc/one')).toThrow('ENOENT');
    expect(kvmplay('resume', 'last')).toMatchObject({ status: 0, err: expect.stringContaining('nothing to resume') });
  });

  it('says what is in doubt where kvmplay was killed between acting and writing that down', () => {
    const { run, kvmplay, folder, read } = site();
    run('-e', 'broken=none');
    const runs = join(folder, 'state/kvmplay/runs');
    const file = join(runs, readdirSync(runs)[0] ?? '');
    const lines = readFileSync(file, 'utf8').split('\n');
    writeFileSync(file, lines.slice(0, 2).join('\n').concat('\n'));
    appendFileSync(file, '{"is":"torn');
    writeFileSync(join(folder, 'h1/etc/two'), 'half\n');

    const { status, err } = kvmplay('resume', 'last');

    expect(err).toContain('on 2 of 2 hosts; of 1 changes it is not known');
    expect([status, read('h1/etc/two')]).toEqual([0, 'two\n']);
  });

  it('is refused where the run cannot be made again', () => {
    const { run, kvmplay, folder } = site();
    run('-e', 'broken=h2');
    kvmplay('rollback', 'last');

    expect(kvmplay('resume', 'last')).toMatchObject({ status: 5, err: expect.stringContaining('it is a rollback') });
    const [first = ''] = readdirSync(join(folder, 'state/kvmplay/runs')).sort();
    writeFileSync(join(folder, 'site.yml'), '');
    expect(kvmplay('resume', 'nosuchrun').err).toContain('UnknownRun');
    expect(kvmplay('exec', 'h1', '-i', 'hosts', '-m', 'copy', '-a', 'content=x dest=/etc/x').status).toBe(0);
    expect(kvmplay('resume', 'last').err).toMatch(/CannotResume.*playbook kvmplay exec is not there/);
    expect(kvmplay('resume', first.replace('.jsonl', '')).status).toBe(5);
  });
});

describe('--rerun', () => {
  it('takes the hosts that the last run of the playbook, or one by name, did not get through', () => {
    const { run, kvmplay, hostsOf } = site();
    run('-e', 'broken=h2');
    kvmplay('exec', 'h1', '-i', 'hosts', '-m', 'copy', '-a', 'content=x dest=/etc/x');

    const again = run('-e', 'broken=none', '--rerun', 'failed', '--output', 'json');
    expect([again.status, hostsOf(again)]).toEqual([0, ['h2']]);

    expect(run('-e', 'broken=none', '--rerun', 'failed')).toMatchObject({
      status: 5,
      err: expect.stringContaining('got through on all of its hosts'),
    });
  });

  it.each([
    ['another word', 'changed', 'BadFlag'],
    ['a run that is none', 'failed:nosuchrun', 'UnknownRun'],
    ['no run at all', 'failed', 'UnknownRun'],
  ])('is refused with %s', (_, word, code) => {
    const { run } = site();

    const { status, err } = run('-e', 'broken=none', '--rerun', word);

    expect(err).toContain(code);
    expect(status).toBe(5);
  });
});
