import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Action,
  command,
  dir,
  file,
  glob,
  link,
  type Probe,
  type Remote,
  stat,
} from '../../src/contract/index.ts';
import { localChannel } from '../../src/transport/local.ts';
import { openShell } from '../../src/transport/shell.ts';
import { shells } from '../support/shells.ts';

/** How many values go through every shell, some at a time in one frame. Each costs some hundred processes. */
const VALUES = Number(process.env.KVMPLAY_HOSTILE_VALUES ?? (process.env.CI ? 500 : 50));
const AT_ONCE = 25;

const place = mkdtempSync(join(tmpdir(), "kvmplay it's $(hostile)-"));
/** What was run by accident makes this file. */
const canary = join(mkdtempSync(join(tmpdir(), 'kvmplay-canary-')), 'ran');

const fragments = [
  ...[
    "'",
    "''",
    '"',
    '\\',
    '`',
    '$',
    '\n',
    '\r',
    '\t',
    ' ',
    '  ',
    ';',
    '&',
    '|',
    '(',
    ')',
    '{',
    '}',
    '<',
    '>',
    '#',
    '!',
    '~',
    '*',
    '?',
    '[',
  ],
  ...[
    ']',
    '-',
    '--',
    '-n',
    '-e',
    '-rf',
    '%s',
    '%n',
    '\\n',
    '\\0',
    '\\c',
    '==> x <==',
    '\u0001',
    '\u0007',
    '\u007f',
    '\u0081',
    '\u0088',
    '\ufeff',
  ],
  ...[
    'é',
    '漢字',
    '🙂',
    'k_root=/',
    '$IFS',
    '$' + '{x:?}',
    '$' + '{x',
    '$((',
    'EOF',
    ')\n',
    '\n)\n',
    '}\n',
    '\nfi\n',
    '\ndone\n',
    "'\n",
  ],
  `$(touch ${canary})`,
  `\`touch ${canary}\``,
  `;touch ${canary};`,
  `\ntouch '${canary}'\n`,
  `'; touch '${canary}'; '`,
  `"; touch '${canary}'; "`,
  `&& touch ${canary} &`,
  `>${canary}`,
  `)\ntouch '${canary}'\n(`,
];
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...fragments), fc.string({ unit: 'binary' })), { maxLength: 12 })
  .map((all) =>
    all
      .join('')
      .replaceAll('\0', '')
      .replaceAll(/\p{Surrogate}/gu, ''),
  );
const mebibyteOf = (text: string): string =>
  text.repeat(Math.ceil((1 << 20) / Buffer.byteLength(text))).slice(0, 1 << 20);

/** The value as a file name: without what no name can have. */
function nameOf(value: string): string {
  let name = '';
  for (const char of firstChars(value, 200).replaceAll('/', '∕'))
    if (Buffer.byteLength(name + char) <= 200) name += char;
  return name === '' || name === '.' || name === '..' ? `${name}_` : name;
}

afterAll(() => {
  rmSync(place, { recursive: true, force: true });
  rmSync(dirname(canary), { recursive: true, force: true });
});

describe.each(shells())('$name', (shell) => {
  let remote: Remote;
  beforeAll(async () => {
    remote = await openShell(localChannel(shell.command), { name: 'here' });
  });
  afterAll(() => remote.close());

  async function send(values: readonly string[]): Promise<void> {
    const here = mkdtempSync(join(place, 'round-'));

    const answers = await remote.exchange({
      actions: values.flatMap((value, index) => actionsWith(value, join(here, `${index}`))),
      probes: values.flatMap((value, index) => probesWith(value, join(here, `${index}`))),
    });

    expect(answers.results.find((result) => result.ok === false)).toBeUndefined();
    for (const [index, value] of values.entries()) {
      checkFiles(value, join(here, `${index}`));
      const count = probesWith(value, '').length;
      checkReadings(value, join(here, `${index}`), answers.readings.slice(index * count, (index + 1) * count));
      checkOutputs(value, answers.results.slice(index * 10, (index + 1) * 10));
    }
    expect(existsSync(canary)).toBe(false);
    rmSync(here, { recursive: true });
  }

  test(`takes ${VALUES} hostile values as data in every action and probe`, { timeout: 600_000 }, async () => {
    const batches = fc.array(hostile, { minLength: AT_ONCE, maxLength: AT_ONCE });

    await fc.assert(fc.asyncProperty(batches, send), { numRuns: Math.ceil(VALUES / AT_ONCE), endOnFailure: true });
    expect(readdirSync(place)).toEqual([]);
  });

  test.each(['x', 'é\n', "'", `'$(touch ${canary})\n`])(
    'takes a mebibyte of %j as data',
    { timeout: 120_000 },
    async (text) => {
      await send([mebibyteOf(text)]);
    },
  );
});

const firstChars = (text: string, count: number): string => [...text.slice(0, 2 * count)].slice(0, count).join('');

/** What fits into an argument of a program. */
const wordOf = (value: string): string => firstChars(value, 20_000);

/** One of every kind of action, the value wherever one can stand. Ten of them. */
function actionsWith(value: string, here: string): Action[] {
  const name = nameOf(value);
  const word = wordOf(value);
  return [
    { do: 'mkdir', path: `${here}/${name}/inner` },
    { do: 'write', path: `${here}/${name}/${name}`, content: value },
    { do: 'write', path: `${here}/${name}/coded`, content: { base64: Buffer.from(`${value}\0`).toString('base64') } },
    { do: 'write', path: `${here}/${name}/knob`, content: 'a longer line than most values have, to be replaced\n' },
    { do: 'poke', path: `${here}/${name}/knob`, value },
    { do: 'link', path: `${here}/${name}/-link${firstChars(name, 20)}`, to: nameOf(value) },
    { do: 'own', path: `${here}/${name}/${name}`, mode: '0600' },
    { do: 'remove', path: `${here}/${name}/inner` },
    { do: 'exec', argv: ['printf', '%s|', word, word], stdin: value },
    { do: 'exec', argv: ['cat'], stdin: value },
  ];
}

function probesWith(value: string, here: string): Probe[] {
  const name = nameOf(value);
  return [
    file(`${here}/${name}/${name}`),
    file(`${here}/${name}/coded`),
    glob(`${here}/*/*`),
    glob(/[*?[]/.test(name) ? `${here}/*/knob` : `${here}/${name}/k*b`),
    dir(`${here}/${name}`),
    link(`${here}/${name}/-link${firstChars(name, 20)}`),
    stat(`${here}/${name}/${name}`),
    command('printf', '%s', wordOf(value)),
    file(`/nowhere/${name}`),
  ];
}

const namesIn = (name: string): string[] => ['coded', 'knob', `-link${firstChars(name, 20)}`, name].sort();

/** What really stands there, read by nobody but the test. */
function checkFiles(value: string, here: string): void {
  const name = nameOf(value);
  expect(readdirSync(here)).toEqual([name]);
  expect(readdirSync(`${here}/${name}`).sort()).toEqual(namesIn(name));
  expect(readFileSync(`${here}/${name}/${name}`).equals(Buffer.from(value))).toBe(true);
  expect(readFileSync(`${here}/${name}/coded`).equals(Buffer.from(`${value}\0`))).toBe(true);
  expect(readFileSync(`${here}/${name}/knob`).equals(Buffer.from(`${value}\n`))).toBe(true);
  expect(readlinkSync(`${here}/${name}/-link${firstChars(name, 20)}`)).toBe(name);
}

function checkReadings(value: string, here: string, readings: readonly unknown[]): void {
  const name = nameOf(value);
  const main = { is: 'text', text: value };
  const files = {
    [`${here}/${name}/-link${firstChars(name, 20)}`]: main,
    [`${here}/${name}/${name}`]: main,
    [`${here}/${name}/coded`]: { is: 'text', text: `${value}\0` },
    [`${here}/${name}/knob`]: { is: 'text', text: `${value}\n` },
  };
  expect(readings[0]).toEqual(main);
  expect(readings[1]).toEqual({ is: 'text', text: `${value}\0` });
  const shown = Object.entries(files).filter(([path]) => name.startsWith('.') === false || path === '');
  expect(readings[2]).toEqual({ is: 'files', files: Object.fromEntries(shown) });
  const knob = Object.entries(files).filter(([path]) => path.endsWith('/knob'));
  const hidden = /[*?[]/.test(name) && name.startsWith('.');
  expect(readings[3]).toEqual({ is: 'files', files: Object.fromEntries(hidden ? [] : knob) });
  expect(readings[4]).toEqual({ is: 'names', names: namesIn(name) });
  expect(readings[5]).toEqual({ is: 'text', text: name });
  expect(readings[6]).toMatchObject({
    is: 'stat',
    stat: { type: 'file', mode: '0600', size: Buffer.byteLength(value) },
  });
  expect(readings[7]).toEqual({ is: 'output', status: 0, stdout: wordOf(value), stderr: '' });
  expect(readings[8]).toEqual({ is: 'absent' });
}

function checkOutputs(value: string, results: readonly unknown[]): void {
  const word = wordOf(value);
  expect(results[8]).toEqual({ ok: true, status: 0, stderr: '', stdout: `${word}|${word}|` });
  expect(results[9]).toEqual({ ok: true, status: 0, stderr: '', stdout: value });
}
