import { describe, expect, it } from 'vitest';
import { mistake } from '../../../src/source/diagnostic.ts';
import { renderDiagnostics } from '../../../src/source/render.ts';

const source = 'hosts: all\n\t tasks: sysclt\nlast \u001b[31m';
const readSource = (file: string) => (file === 'site.yml' ? source : undefined);
const at = { file: 'site.yml', line: 2, column: 10, length: 6 };

describe('renderDiagnostics', () => {
  it('shows the line with a caret and a hint', () => {
    const wrong = mistake('UnknownModule', 'there is no module "sysclt"', at, 'did you mean "sysctl"?');

    expect(renderDiagnostics([wrong], { readSource })).toBe(
      [
        'error[UnknownModule]: there is no module "sysclt"',
        ' --> site.yml:2:10',
        '  |',
        '2 | \t tasks: sysclt',
        '  | \t        ^^^^^^',
        '  hint: did you mean "sysctl"?',
        '',
      ].join('\n'),
    );
  });

  it('does without a source, a position or a hint', () => {
    const nowhere = mistake('NoHosts', 'no host matched');
    const gone = mistake('FileNotFound', 'there is no file', { ...at, file: '-e' });

    expect(renderDiagnostics([nowhere, gone], { readSource })).toBe(
      'error[NoHosts]: no host matched\n\nerror[FileNotFound]: there is no file\n --> -e:2:10\n',
    );
  });

  it('says the same mistake once', () => {
    expect(
      renderDiagnostics([mistake('A', 'b', at), mistake('A', 'b', at)], { readSource }).split('error'),
    ).toHaveLength(2);
  });

  it('goes through the files from top to bottom', () => {
    const one = (file: string, line: number, column: number) =>
      mistake('A', `${file}${line}${column}`, { file, line, column });
    const text = renderDiagnostics([one('b', 9, 1), one('a', 1, 1), one('b', 2, 8), one('b', 2, 1)], {
      readSource: () => undefined,
    });

    expect(text.match(/[ab]\d\d/g)).toEqual(['b21', 'b28', 'b91', 'a11']);
  });

  it('passes no escape sequence of a file on to the terminal', () => {
    const text = renderDiagnostics([mistake('A', 'b\u001b[2J', { ...at, line: 3, column: 1 })], { readSource });

    expect(text).not.toContain('\u001b');
  });

  it('cuts a long line around the caret', () => {
    const long = `${'x'.repeat(5000)}HERE${'y'.repeat(5000)}`;
    const text = renderDiagnostics([mistake('A', 'b', { file: 'f', line: 1, column: 5001, length: 4 })], {
      readSource: () => long,
    });
    const [, , , line = '', caret = ''] = text.split('\n');

    expect(line.length).toBeLessThan(200);
    expect(line.slice(caret.indexOf('^'), caret.lastIndexOf('^') + 1)).toBe('HERE');
  });

  it('colours on demand', () => {
    expect(renderDiagnostics([mistake('A', 'b', at)], { readSource, colour: true })).toContain('\u001b[31m');
  });
});
