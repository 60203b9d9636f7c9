import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { hashedHosts, isAbout, parseKnownHosts } from '../../src/transport/ssh/known-hosts.ts';

const missing = spawnSync('ssh-keygen', ['-?']).error;
if (missing && process.env.CI) throw new Error('CI has to have ssh-keygen');

describe.skipIf(missing)(`known_hosts, against ssh-keygen -F${missing ? ' (skipped: there is none)' : ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'kvmplay-known-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'known_hosts');
  const key = (() => {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'key')]);
    return readFileSync(join(folder, 'key.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
  })();

  const ours = (name: string, text: string) =>
    parseKnownHosts(text, file)
      .filter((entry) => isAbout(entry, name))
      .map((entry) => entry.line);
  const theirs = (name: string, text: string) => {
    writeFileSync(file, text);
    const { stdout } = spawnSync('ssh-keygen', ['-F', name, '-f', file], { encoding: 'utf8' });
    return [...stdout.matchAll(/^# Host .* found: line (\d+)/gm)].map(([, line]) => Number(line));
  };

  const host = fc.constantFrom(
    'kvm1',
    'kvm2',
    'kvm10.example.com',
    '10.0.0.1',
    'fe80::1',
    '[kvm1]:2222',
    '[10.0.0.1]:22',
  );
  const pattern = fc.constantFrom(
    'kvm?',
    'kvm*',
    '*.example.com',
    '10.0.*',
    '*',
    '[kvm1]:*',
    '[*]:2222',
    'KVM1',
    'k*m*1',
    '*?*',
  );
  const names = fc
    .array(fc.tuple(fc.boolean(), fc.oneof(host, pattern)), { minLength: 1, maxLength: 4 })
    .map((list) => list.map(([negated, name]) => (negated ? `!${name}` : name)).join(','));
  const hosts = fc.oneof(
    { weight: 3, arbitrary: names },
    { weight: 2, arbitrary: host.map((name) => hashedHosts(name, randomBytes(20))) },
  );
  const line = fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .tuple(fc.constantFrom('', '', '', '@revoked ', '@cert-authority '), hosts)
        .map(([mark, of]) => `${mark}${of} ${key} me@here`),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom('', '# kvm1 comment', '   ', '\t', 'kvm1', 'kvm1 ssh-ed25519'),
    },
  );

  test('finds the same lines for the same hosts', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), host, (lines, name) => {
        const text = lines.map((one) => `${one}\n`).join('');
        expect(ours(name, text)).toEqual(theirs(name, text));
      }),
      { numRuns: 150 },
    );
  });

  test.each([
    'kvm1 ssh-ed25519 AAAA',
    `kvm1 ssh-rsa ${key.split(' ')[1]}`,
    `@other kvm1 ${key}`,
    `|2|AAAA|AAAA ${key}`,
  ])('takes no key from %j', (text) => {
    expect(ours('kvm1', text)).toEqual([]);
  });

  test('finds what ssh-keygen has hashed', () => {
    writeFileSync(file, `kvm1 ${key}\n[kvm2]:2222 ${key}\n`);
    execFileSync('ssh-keygen', ['-H', '-f', file], { stdio: 'pipe' });
    const text = readFileSync(file, 'utf8');

    expect([ours('kvm1', text), ours('[kvm2]:2222', text), ours('kvm2', text)]).toEqual([[1], [2], []]);
  });
});
