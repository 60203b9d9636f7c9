import fc from 'fast-check';
import { offeredBy, type Shown } from '../../src/contract/index.ts';
import type { Content } from '../support/fake-files.ts';
import { settled } from '../support/fake-kernel.ts';

export type Files = Readonly<Record<string, Content>>;

/** Hosts around an example's: files missing, choices made otherwise, other figures, other lines in other order. */
export function hostsAround(files: Readonly<Record<string, Shown>>): fc.Arbitrary<Files> {
  const each = Object.fromEntries(Object.entries(files).map(([path, content]) => [path, around(content)]));
  return fc
    .record(each)
    .map((made) =>
      Object.fromEntries(
        Object.entries(made).flatMap(([path, content]) => (content === GONE ? [] : [[path, content]])),
      ),
    )
    .map((made) => settled<Content>(made));
}

const GONE = Symbol('not there');

function around(content: Shown): fc.Arbitrary<Content | typeof GONE> {
  return fc.oneof(
    { weight: 5, arbitrary: fc.constant(content) },
    { weight: 1, arbitrary: fc.constant(GONE) },
    ...(typeof content === 'string' ? [{ weight: 5, arbitrary: otherText(content) }] : []),
  );
}

function otherText(text: string): fc.Arbitrary<string> {
  const offered = offeredBy(text);
  if (offered.length > 0 && !text.trim().includes('\n'))
    return fc
      .constantFrom(...offered)
      .map((one) => `${offered.map((token) => (token === one ? `[${token}]` : token)).join(' ')}\n`);
  if (/^-?\d+\n?$/.test(text)) return fc.oneof(fc.constantFrom(0, 1, 2), fc.nat(100_000)).map((n) => `${n}\n`);
  const lines = text.split('\n').filter(Boolean);
  if (lines.length === 0) return fc.constant(text);
  const line = fc.oneof(
    fc.constantFrom(...lines),
    fc.constantFrom('', '# a remark', 'a line = of another kind', '\tx'),
  );
  return fc
    .tuple(fc.array(line, { maxLength: 6 }), fc.boolean())
    .map(([some, ended]) => some.join('\n') + (ended ? '\n' : ''));
}
