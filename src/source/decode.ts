import { mistake, UserError } from './diagnostic.ts';

/** The text of bytes, without a byte order mark. Throws `UserError` (`NotText`) at the first byte that is no UTF-8. */
export function decodeText(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const lines = Buffer.from(bytes)
      .toString('latin1')
      .split('\n')
      .map((line) => Buffer.from(line, 'latin1'));
    const index = lines.findIndex((line) => line.toString().includes('\ufffd'));
    const column = (lines[index]?.toString().indexOf('\ufffd') ?? 0) + 1;
    const utf16 = ['fffe', 'feff'].includes(Buffer.from(bytes.subarray(0, 2)).toString('hex'));
    const message = utf16 ? 'this file is UTF-16, and UTF-8 is expected' : 'this is not UTF-8 text';
    const at = { file, line: Math.max(index, 0) + 1, column };
    throw new UserError([mistake('NotText', message, at, 'save the file as UTF-8')]);
  }
}
