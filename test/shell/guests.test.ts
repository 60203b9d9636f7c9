import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { digestOf, guestProbe, type Reading, type Remote, text } from '../../src/contract/index.ts';
import { localChannel } from '../../src/transport/local.ts';
import { openShell } from '../../src/transport/shell.ts';
import { shells } from '../support/shells.ts';

/** A virsh that takes several commands in one argument, as the real one does, of guests that are files in a folder. */
const VIRSH = `#!${process.execPath}
const fs = require('node:fs'), path = require('node:path');
const at = (...parts) => path.join(__dirname, 'guests', ...parts);
const read = (file) => fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined;
fs.appendFileSync(path.join(__dirname, 'calls'), '.');
const args = process.argv.slice(2);
if (args.splice(0, 3).join(' ') !== '-q -c qemu:///system' || process.env.LC_ALL !== 'C') process.exit(9);
if (read(at('..', 'down')) !== undefined) fail('failed to connect to the hypervisor' + read(at('..', 'down')), 1);
const guests = () => fs.readdirSync(at()).map((uuid) => ({ uuid, live: read(at(uuid, 'live')), config: read(at(uuid, 'config')), name: read(at(uuid, 'name')) }));
function fail(words, status) { process.stderr.write('error: ' + words + '\\n'); if (status) process.exit(status); return 1; }
function run(words) {
  const [command, ...rest] = words;
  const found = () => guests().find(({ uuid, name }) => rest.includes(uuid) || rest.includes(name));
  if (command === 'echo') process.stdout.write(rest.join(' '));
  else if (command === 'list') {
    const asked = rest.find((word) => /persistent|transient|inactive/.test(word));
    for (const { uuid, live, config } of guests())
      if (asked === '--inactive' ? live === undefined : live !== undefined && (config !== undefined) === (asked === '--persistent'))
        process.stdout.write(uuid + '\\n');
  } else if (command === 'define') fs.writeFileSync(at('..', 'defined'), fs.readFileSync(rest[0], 'utf8'));
  else {
    const guest = found();
    if (!guest || guest.name === 'gone') return fail("failed to get domain '" + rest.at(-1) + "'");
    if (command === 'domname' || command === 'domuuid') process.stdout.write(guest[command.slice(3)] + '\\n');
    else if (command === 'dumpxml') {
      const xml = rest.includes('--inactive') ? (guest.config ?? guest.live) : (guest.live ?? guest.config);
      const secret = rest.includes('--security-info');
      process.stdout.write(secret ? xml : xml.replace(/ passwd='[^']*'/g, '').replace(/ *<cookies>[^]*?<.cookies>\\n/g, ''));
    } else return fail('unknown command: ' + command);
  }
  return 0;
}
const commands = args.length > 1 ? [args] : args[0].split(';').filter((one) => one.trim()).map((one) => [...one.trim().matchAll(/"([^"]*)"|(\\S+)/g)].map(([, quoted, word]) => quoted ?? word));
process.exitCode = commands.map(run).at(-1);
`;

const xmlOf = (name: string, more = '', id = ''): string =>
  `<domain type='kvm'${id}>\n  <name>${name}</name>\n  <devices>\n${more}  </devices>\n</domain>\n`;
const SECRETS = `    <disk type='network'>
      <source protocol='https' name='x'>
        <host name='h'/>
        <cookies>
          <cookie name='c'>s3cret</cookie>
        </cookies>
      </source>
    </disk>
    <graphics type='vnc' port='-1' passwd='p&amp;w'/>
    <graphics type='spice' port='-1' passwd='other'/>
`;
const plain = (xml: string): string =>
  xml.replaceAll(/ passwd='[^']*'/g, '').replace(/ *<cookies>[\s\S]*<\/cookies>\n/, '');

const place = mkdtempSync(join(tmpdir(), 'kvmplay-virsh-'));
const at = (...parts: string[]): string => join(place, ...parts);
writeFileSync(at('virsh'), VIRSH);
chmodSync(at('virsh'), 0o755);
afterAll(() => rmSync(place, { recursive: true, force: true }));

const alone =
  process.getuid?.() === 0 &&
  ['/etc/libvirt/qemu', '/run/libvirt/qemu'].every(
    (folder) => !existsSync(folder) || !readdirSync(folder).some((name) => name.endsWith('.xml')),
  );

const uuids = ['a', 'b', 'c', 'd', 'e'].map((digit) => `0000000${digit}-1111-2222-3333-444455556666`);

function put(index: number, files: { name: string; live?: string; config?: string }): void {
  mkdirSync(at('guests', uuids[index] ?? ''), { recursive: true });
  for (const [file, content] of Object.entries(files)) writeFileSync(at('guests', uuids[index] ?? '', file), content);
}

describe.each(shells())('$name', ({ command }) => {
  const [program, ...rest] = command.map((word) =>
    word.startsWith('PATH=') ? `PATH=${place}:${word.slice('PATH='.length)}` : word,
  ) as [string, ...string[]];
  let remote: Remote;
  const open = async () =>
    openShell(localChannel(['/usr/bin/env', `PATH=${place}:${process.env.PATH}`, program, ...rest]), { name: 'here' });
  const readings = async (...probes: Parameters<Remote['exchange']>[0]['probes']): Promise<readonly Reading[]> =>
    (await remote.exchange({ actions: [], probes })).readings;
  const define = async (xml: string, over?: string) => {
    const { results } = await remote.exchange({
      actions: [{ do: 'define', guest: 'web', xml, ...(over !== undefined && { over }) }],
      probes: [],
    });
    return results[0];
  };
  const defined = () => readFileSync(at('defined'), 'utf8');

  beforeEach(async () => {
    for (const file of ['guests', 'defined', 'down', 'calls']) rmSync(at(file), { recursive: true, force: true });
    mkdirSync(at('guests'));
    remote = await open();
    return () => remote.close();
  });

  test('all guests are read by two processes, each as it runs and as it is defined', async () => {
    put(0, { name: 'both', live: xmlOf('both', '', " id='1'"), config: xmlOf('both') });
    put(1, { name: 'off', config: xmlOf('off', SECRETS) });
    put(2, { name: 'passing', live: xmlOf('passing', '', " id='2'") });
    put(3, { name: 'a "b" c', config: xmlOf('a &quot;b&quot; c') });
    put(4, { name: 'gone', config: xmlOf('gone') });

    const [all, one, none] = await readings(
      { kind: 'domains' },
      guestProbe('off', 'config'),
      guestProbe('off', 'live'),
    );

    expect(all).toEqual({
      is: 'files',
      files: {
        'both/live': text(xmlOf('both', '', " id='1'")),
        'both/config': text(xmlOf('both')),
        'off/config': text(plain(xmlOf('off', SECRETS))),
        'passing/live': text(xmlOf('passing', '', " id='2'")),
        'a "b" c/config': text(xmlOf('a &quot;b&quot; c')),
      },
    });
    expect(one).toEqual(text(plain(xmlOf('off', SECRETS))));
    expect(none).toEqual({ is: 'absent' });
    expect(readFileSync(at('calls'), 'utf8')).toBe('..');
    expect(remote.roundTrips).toBe(1);
  });

  test('a guest that was stopped after it was listed has no live XML', async () => {
    put(0, { name: 'stopping', live: xmlOf('stopping'), config: xmlOf('stopping') });

    const [all] = await readings({ kind: 'domains' });

    expect(all).toMatchObject({ files: { 'stopping/config': text(xmlOf('stopping')) } });
    expect(Object.keys(all?.is === 'files' ? all.files : {})).toEqual(['stopping/config']);
  });

  test('no guests are no error, and a libvirt that is down is one', async () => {
    const [none] = await readings({ kind: 'domains' });
    writeFileSync(at('down'), '');
    const [down] = await readings({ kind: 'domains' });

    expect(none).toEqual({ is: 'files', files: {} });
    expect(down).toEqual({ is: 'refused', why: 'failed to connect to the hypervisor' });
  });

  test.each([
    "Failed to connect socket to '/run/libvirt/virtqemud-sock': No such file or directory",
    'Connection refused',
  ])('where nobody answers and libvirt knows of no guest, there are none: %s', async (words) => {
    const socket = words.startsWith('Failed')
      ? words
      : `Failed to connect socket to '/run/libvirt/libvirt-sock': ${words}`;
    writeFileSync(at('down'), `\nerror: ${socket}`);

    const [none] = await readings({ kind: 'domains' });

    const why = 'libvirt does not run on this host, and has no guest';
    // Whoever may not look into libvirt's folders cannot say so, nor can a machine that has guests of its own.
    expect(none).toEqual(
      alone ? { is: 'absent', why } : { is: 'refused', why: `failed to connect to the hypervisor: ${socket}` },
    );
  });

  test('a guest is defined with the secrets that it has', async () => {
    const full = xmlOf('web', SECRETS);
    put(0, { name: 'web', config: full });
    const edited = plain(full).replace('<devices>', '<cputune/>\n  <devices>');

    const result = await define(edited, digestOf(plain(full)));

    expect(result).toEqual({ ok: true });
    expect(defined()).toBe(full.replace('<devices>', '<cputune/>\n  <devices>'));
  });

  test('a guest is not defined over what somebody else has made of it', async () => {
    put(0, { name: 'web', config: xmlOf('web') });

    const result = await define(xmlOf('web', '    <disk/>\n'), digestOf(xmlOf('web', '    <other/>\n')));

    expect(result).toMatchObject({ ok: false, message: expect.stringContaining('somebody else has changed its XML') });
    expect(defined).toThrow('ENOENT');
  });

  test.each([
    ['whose line is gone', (xml: string) => plain(xml).replace(/ *<graphics type='vnc'.*\n/, '')],
    ['whose line is another', (xml: string) => plain(xml).replace("type='vnc' port='-1'", "type='vnc' port='5900'")],
    ['whose line is there twice', (xml: string) => plain(xml).replace("        <host name='h'/>\n", '$&$&')],
  ])('a guest does not lose a secret %s', async (_, edit) => {
    put(0, { name: 'web', config: xmlOf('web', SECRETS) });

    const result = await define(edit(xmlOf('web', SECRETS)));

    expect(result).toMatchObject({ ok: false, message: expect.stringContaining('a password in its XML') });
    expect(JSON.stringify(result)).not.toMatch(/p&amp;w|s3cret/);
    expect(defined).toThrow('ENOENT');
  });

  test('a guest that is not there yet is defined as it is given', async () => {
    const result = await define(xmlOf('web', SECRETS));

    expect(result).toEqual({ ok: true });
    expect(defined().trimEnd()).toBe(xmlOf('web', SECRETS).trimEnd());
  });

  test('a guest is not defined when libvirt does not answer', async () => {
    writeFileSync(at('down'), '');

    const result = await define(xmlOf('web'));

    expect(result).toMatchObject({
      ok: false,
      message: expect.stringContaining('failed to connect to the hypervisor'),
    });
  });
});
