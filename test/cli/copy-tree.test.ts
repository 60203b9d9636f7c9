import { createHash } from 'node:crypto';
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { makeSite } from './site.ts';

describe('a directory that is copied', () => {
  let site: ReturnType<typeof makeSite>;
  const FILES = Array.from({ length: 60 }, (_, index) => `files/hooks/qemu.d/${index}`);
  beforeEach(() => {
    site = makeSite(['h1']);
    for (const name of FILES) site.write(name, `of ${name}\n`);
    site.write('files/hooks/large', 'x'.repeat(70_000));
    site.write('h1/etc/libvirt/hooks/qemu.d/7', 'before\ntwo\n');
    site.write('h1/etc/libvirt/hooks/kept', 'kept\n');
    site.write(
      'play.yml',
      '- hosts: hypervisors\n  tasks:\n    - copy: { src: hooks/, dest: /etc/libvirt/hooks }\n      register: copied\n    - debug: { var: copied.dest }\n',
    );
  });
  const run = (...args: string[]) => site.kvmplay('run', 'play.yml', '-i', 'hosts', ...args);
  const trips = (json: string) => JSON.parse(json).round_trips.h1;

  it('is foretold in one round trip with every file, then made, then left alone, then taken back', () => {
    const checked = run('--check', '-D');
    const foretold = trips(run('--check', '--output', 'json').out);
    const made = run('--output', 'json');
    const again = run('--check', '--output', 'json');
    const undone = site.kvmplay('rollback', 'last', '-i', 'hosts');

    expect([checked.status, checked.err]).toEqual([0, '']);
    expect(checked.out).toContain('-before');
    expect(checked.out).toContain('+of files/hooks/qemu.d/7');
    expect([foretold, trips(made.out), trips(again.out)]).toEqual([1, 2, 1]);
    expect(JSON.parse(again.out).hosts.h1).toMatchObject({ changed: 0, failed: 0 });
    expect(undone.status).toBe(0);
    expect(existsSync(join(site.folder, 'h1/etc/libvirt/hooks/qemu.d/59'))).toBe(false);
    expect(site.read('h1/etc/libvirt/hooks/qemu.d/7')).toBe('before\ntwo\n');
    expect(site.read('h1/etc/libvirt/hooks/kept')).toBe('kept\n');
  });

  it.each([
    ['a link that leads nowhere', () => symlinkSync('nowhere', join(site.folder, 'files/hooks/bad')), 'FileNotFound'],
    ['a link to a directory above', () => symlinkSync('.', join(site.folder, 'files/hooks/loop')), 'LinkLoop'],
    [
      'too many files',
      () => {
        for (let index = 0; index < 1001; index++) site.write(`files/hooks/many/${index}`, '');
      },
      'TreeTooLarge',
    ],
  ])('is a mistake before any host is touched with %s in it', (_, spoil, code) => {
    spoil();

    const { status, err } = run();

    expect(status).toBe(5);
    expect(err).toContain(code);
    expect(err).toContain('play.yml:3:20');
  });

  it('fails where a file stands in the place of a directory, with nothing done', () => {
    site.write('h2/etc/libvirt/hooks/qemu.d', 'a file\n');
    site.write('hosts2', site.read('hosts').replaceAll('/h1', '/h2'));

    const { status, out } = site.kvmplay('run', 'play.yml', '-i', 'hosts2');

    expect(status).toBe(2);
    expect(out).toContain('/etc/libvirt/hooks/qemu.d is no directory');
    expect(existsSync(join(site.folder, 'h2/etc/libvirt/hooks/large'))).toBe(false);
  });

  it('of a single file gives back what users of Ansible look at', () => {
    site.write(
      'one.yml',
      '- hosts: hypervisors\n  tasks:\n    - copy: { src: hooks/large, dest: /etc/, mode: "0600" }\n      register: it\n    - debug: { msg: "{{ it.dest }} {{ it.checksum }} {{ it.size }} {{ it.mode }} {{ it.owner }} {{ it.state }}" }\n',
    );
    const sum = createHash('sha1').update('x'.repeat(70_000)).digest('hex');

    const { out, err } = site.kvmplay('run', 'one.yml', '-i', 'hosts');

    expect(err).toBe('');
    expect(out).toContain(`"/etc/large ${sum} 70000 0600 root file"`);
  });
});
