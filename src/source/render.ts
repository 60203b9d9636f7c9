import { styleText } from 'node:util';
import type { Diagnostic, Position } from './diagnostic.ts';

export interface RenderOptions {
  readonly colour?: boolean;
  /** The text of a file that a position names, or undefined where it cannot be had. */
  readonly readSource: (file: string) => string | undefined;
}

/** Long lines are shown in part, around the caret. */
const WIDTH = 160;

/** Mistakes as a good compiler prints them: what, where, the line with a caret, how to mend it. Ends with a newline. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], options: RenderOptions): string {
  const linesOf = cachedLines(options.readSource);
  return inOrder(distinct(diagnostics))
    .map((one) => renderOne(one, linesOf, options.colour ?? false))
    .join('\n');
}

function renderOne(diagnostic: Diagnostic, linesOf: LinesOf, colour: boolean): string {
  const paint = (style: Style, text: string) => (colour ? styleText(style, text, { validateStream: false }) : text);
  const { at } = diagnostic;
  const lines = [`${paint('red', `error[${diagnostic.code}]`)}: ${paint('bold', printable(diagnostic.message))}`];
  const source = at && linesOf(at.file)?.[at.line - 1];
  const margin = ' '.repeat(String(at?.line ?? '').length);
  if (at) lines.push(`${margin}${paint('blue', '-->')} ${at.file}:${at.line}:${at.column}`);
  if (at && source !== undefined) {
    const { line, caret } = excerpt(source, at);
    const bar = paint('blue', '|');
    lines.push(`${margin} ${bar}`, `${paint('blue', String(at.line))} ${bar} ${line}`);
    lines.push(`${margin} ${bar} ${paint('red', caret)}`);
  }
  if (diagnostic.hint !== undefined) lines.push(`${margin} ${paint('cyan', 'hint')}: ${printable(diagnostic.hint)}`);
  return `${lines.join('\n')}\n`;
}

type Style = 'red' | 'bold' | 'blue' | 'cyan';
type LinesOf = (file: string) => readonly string[] | undefined;

function excerpt(source: string, at: Position): { readonly line: string; readonly caret: string } {
  const column = Math.min(at.column - 1, source.length);
  const from = source.length <= WIDTH ? 0 : Math.max(0, Math.min(column - WIDTH / 2, source.length - WIDTH));
  const shown = source.slice(from, from + WIDTH);
  const before = shown.slice(0, column - from).replaceAll(/[^\t]/gu, ' ');
  const length = Math.max(1, Math.min(at.length ?? 1, shown.length - (column - from)));
  return { line: printable(shown), caret: `${before}${'^'.repeat(length)}` };
}

/** A file may hold escape sequences; a terminal must not obey them. */
const printable = (text: string): string => text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '·');

function cachedLines(readSource: RenderOptions['readSource']): LinesOf {
  const files = new Map<string, readonly string[] | undefined>();
  return (file) => {
    if (!files.has(file)) files.set(file, readSource(file)?.split(/\r?\n/));
    return files.get(file);
  };
}

/** The same mistake in the same place, met on several ways, is said once. */
function distinct(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const key = ({ code, message, at }: Diagnostic) => [code, message, at?.file, at?.line, at?.column].join('\0');
  return [...new Map(diagnostics.map((one) => [key(one), one])).values()];
}

/** As a reader meets them: file by file as first named, from top to bottom. */
function inOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const files = [...new Set(diagnostics.map(({ at }) => at?.file))];
  const place = ({ at }: Diagnostic) => [files.indexOf(at?.file), at?.line ?? 0, at?.column ?? 0] as const;
  return diagnostics.toSorted((a, b) => {
    const [file, line, column] = place(a);
    const [otherFile, otherLine, otherColumn] = place(b);
    return file - otherFile || line - otherLine || column - otherColumn;
  });
}
