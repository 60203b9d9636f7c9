import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sourcedVariables } from '../../../src/contract/shell-variables.ts';
import { quoted, spliced } from '../../../src/contract/sourced-text.ts';

const readValue = (text: string) =>
  (sourcedVariables([{ path: '/f', text }], ['V']).get('V') ?? []).map(({ char }) => char).join('');

const shellsValue = (text: string) =>
  spawnSync('/bin/sh', ['-s'], { input: `${text}\nprintf %s "$V"`, env: { PATH: '/nowhere' }, encoding: 'utf8' })
    .stdout;

describe('variables of a sourced file', () => {
  it.each([
    'V=quiet',
    'V=\'a "b" $c\'',
    'V="a \\"b c\\" \\$d \\e"',
    'V=a\\ b"c d"\'e f\'',
    'V="a\\\nb" # "c"',
    'W="x y"; V="$W \x24{W} z"',
    'V="quiet"\nV="$V splash"',
    'export V="a"',
    'V="a#b" # c\n#V=d',
    'V="\x24{V:+$V }\\$tuned_params"',
    'V=quiet\nV="\x24{V:+$V }\\$tuned_params"',
    'V="\x24{NONE:-de fault}x"',
    'V="costs 5$ $ here"',
    'V=""',
    'V="a b" W=c',
    'V="x"\nOTHER=`echo not here` \nU=$(lsb_release -i -s 2> /dev/null || echo Debian)',
  ])('%j is what sh makes of it', (text) => {
    expect(readValue(text)).toBe(shellsValue(text));
  });

  it('is what sh makes of any quoting', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'a',
        ' b',
        '"c d"',
        "'e $f'",
        '\\"',
        '\\$',
        '"\\\\"',
        '"$W"',
        '\x24{W}',
        '$W',
        '"\\x"',
        "\\'",
        '#',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const text = `W=w\nV=1${pieces.join('').replaceAll(' ', '\\ ')}\n`;
        expect(readValue(text)).toBe(shellsValue(text));
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  it.each([
    ['if true; then\nV=a\nfi\n', '/f:2'],
    ['[ -e /x ] && V=a\n', '/f:1'],
    ['V+=" a"\n', '/f:1'],
    ['f() {\n  V=a\n}\n', '/f:2'],
  ])('%j is more than an assignment', (text, place) => {
    expect(() => readValue(text)).toThrow(`${place} does more to V than assign it`);
  });

  it.each(['"', "'", ''])('is edited in place, inside of quotes like %j', (quote) => {
    const text = `V=${quote}old${quote}\n`;
    const chars = sourcedVariables([{ path: '/f', text }], ['V']).get('V') ?? [];
    const [first, last] = [chars[0]?.from, chars.at(-1)?.from];
    const wanted = quote === "'" ? 'a "b c"=d' : 'a "b c" $d `e\\';

    const put = quoted(wanted, first?.quote ?? 'plain');
    const after = spliced(text, '/f', [{ path: '/f', start: first?.start ?? 0, end: last?.end ?? 0, text: put }]);

    expect(shellsValue(after)).toBe(wanted);
  });
});
