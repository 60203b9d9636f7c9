import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dir, file, glob } from '../../../src/contract/index.ts';
import { composeFrame, type Frame, sections } from '../../../src/transport/frame.ts';
import { readingsOf } from '../../../src/transport/readings.ts';

const LIMITS = { each: 1000, all: 10_000 };
const frameOf = (mark = 'nonce.1'): Frame => composeFrame({ actions: [], probes: [] }, mark, LIMITS, false);
const section = (head: string, body: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from(`\nnonce.1 ${head}\n`), Buffer.from(body)]);
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));

test('finds the sections of an answer whatever bytes are in them', () => {
  const lookalike = fc
    .constantFrom('\nnonce.2 f\n', '\nnonce.11 f\n', '\nnonce 1 f\n')
    .map((text) => Buffer.from(text));
  const body = fc.array(fc.oneof(bytes, lookalike)).map((parts) => Buffer.concat(parts));
  fc.assert(
    fc.property(fc.array(body), (bodies) => {
      const answer = Buffer.concat(bodies.map((one, index) => section(`o ${index}`, one)));

      expect(sections(answer, 'nonce.1')).toEqual(bodies.map((one, index) => ({ head: `o ${index}`, body: one })));
    }),
  );
});

test('tells the files apart that head(1) printed, whatever is in them', () => {
  const frame = frameOf();
  fc.assert(
    fc.property(fc.array(bytes, { minLength: 1, maxLength: 5 }), (contents) => {
      const forged = contents.map((content) =>
        Buffer.concat([content, Buffer.from('\n==> //etc/passwd <==\nforged\n')]),
      );
      const printed = forged.map((content, index) =>
        Buffer.concat([Buffer.from(`${index > 0 ? '\n' : ''}==> ${frame.salt}/file/${index} <==\n`), content]),
      );
      const parts = sections(Buffer.concat([section('f', Buffer.concat(printed)), section('z', '')]), 'nonce.1');

      const readings = readingsOf(
        contents.map((_, index) => file(`/file/${index}`)),
        parts,
        frame,
        1000,
      );

      const shown = readings.map((reading) =>
        reading.is === 'text'
          ? Buffer.from(reading.text)
          : reading.is === 'bytes' && Buffer.from(reading.base64, 'base64'),
      );
      expect(shown).toEqual(forged);
    }),
  );
});

test('believes nothing of the section in which an answer was cut', () => {
  const frame = frameOf();
  const whole = section('f', `==> ${frame.salt}/a <==\none`);
  const cut = section('f', `==> ${frame.salt}/b <==\ntw`);
  const parts = sections(Buffer.concat([whole, cut]), 'nonce.1');

  const readings = readingsOf([file('/a'), file('/b'), glob('/c*'), dir('/d')], parts, frame, 1000);

  const missing = { is: 'refused', why: 'the answer of the host was too large and was cut before this' };
  expect(readings).toEqual([{ is: 'text', text: 'one' }, missing, missing, missing]);
});

test.each([
  ["head: cannot open 'SALT/x' for reading: No such file or directory", { is: 'absent' }],
  ['head: SALT/x: Not a directory', { is: 'absent' }],
  ["head: error reading 'SALT/x': Invalid argument", { is: 'refused', why: 'Invalid argument' }],
  ["head: cannot open `SALT/x' for reading: Permission denied", { is: 'refused', why: 'Permission denied' }],
  ['head: SALT/x: something new', { is: 'refused', why: 'head: SALT/x: something new' }],
  ['sh: head: Argument list too long', { is: 'refused', why: 'the host gave no answer to this' }],
])('takes %j for what it means', (complaint, reading) => {
  const frame = frameOf();
  const salted = (text: string): string => text.replaceAll('SALT', frame.salt);
  const parts = sections(
    Buffer.concat([section('f', ''), section('e', salted(complaint)), section('z', '')]),
    'nonce.1',
  );

  expect(readingsOf([file('/x')], parts, frame, 1000)).toEqual([JSON.parse(salted(JSON.stringify(reading)))]);
});

test('a salt means nothing in a path, and is another one for each frame', () => {
  const salts = Array.from({ length: 100 }, () => frameOf().salt);

  expect(new Set(salts).size).toBe(100);
  for (const salt of salts) expect(salt).toMatch(/^(?:\/\.?){48}$/);
});
