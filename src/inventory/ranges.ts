import { parseAddress } from './address.ts';
import { Misread } from './misread.ts';

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const RANGES = 'ranges are written kvm[1:9], kvm[01:20:2] or rack-[a:f]';
// Nobody means more; a slip of the pen must not fill the memory.
const MAX_HOSTS = 1_000_000;

/** The names that a pattern like `kvm[01:20:2].[a:c]` stands for, in order, and the port behind it. */
export function expandHostPattern(pattern: string): { hosts: string[]; port: number | undefined } {
  const { host, port } = parseAddress(pattern) ?? { host: pattern, port: undefined };
  const hosts: string[] = [];
  expand(host, hosts);
  return { hosts, port };
}

function expand(name: string, hosts: string[]): void {
  if (!name.includes('[')) {
    if (hosts.length >= MAX_HOSTS)
      throw new Misread('BadRange', `a range stands for more than ${MAX_HOSTS} hosts`, RANGES);
    hosts.push(name);
    return;
  }
  const [head, range, tail, extra] = name.replace('[', '|').replace(']', '|').split('|');
  if (head === undefined || range === undefined || tail === undefined || extra !== undefined)
    throw new Misread('BadRange', `"${name}" has a bracket that is no range`, RANGES);
  for (const item of sequence(range)) expand(head + item + tail, hosts);
}

/** `begin:end[:step]`, both ends included: letters, or numbers that keep the width of a zero-padded begin. */
function* sequence(range: string): Generator<string> {
  const [first, last, by = '1', extra] = range.split(':');
  if (first === undefined || last === undefined || extra !== undefined)
    throw new Misread('BadRange', `the range [${range}] must be [begin:end] or [begin:end:step]`, RANGES);
  if (last === '') throw new Misread('BadRange', `the range [${range}] must have an end`, RANGES);
  const begin = first || '0';
  const padded = begin.startsWith('0') && begin.length > 1;
  if (padded && begin.length !== last.length)
    throw new Misread(
      'BadRange',
      `both ends of the zero-padded range [${range}] must have the same number of digits`,
      RANGES,
    );
  const step = integer(by, range);
  if (step === 0) throw new Misread('BadRange', `the step of the range [${range}] is 0`, RANGES);

  // Ansible looks a text up among the letters, so that of several letters the first counts.
  const [from, to] = [LETTERS.indexOf(begin), LETTERS.indexOf(last)];
  if (from >= 0 && to >= 0) {
    if (from > to) throw new Misread('BadRange', `the range [${range}] must not end before it begins`, RANGES);
    for (let at = from; step > 0 && at <= to; at += step) yield LETTERS.charAt(at);
    return;
  }
  const width = padded ? begin.length : 0;
  const end = integer(last, range) + 1;
  for (let at = integer(begin, range); step > 0 ? at < end : at > end; at += step) {
    const sign = at < 0 ? '-' : '';
    yield sign + String(Math.abs(at)).padStart(width - sign.length, '0');
  }
}

/** As Python's `int()` reads a text. */
function integer(text: string, range: string): number {
  if (!/^\s*[-+]?\d+(?:_\d+)*\s*$/.test(text))
    throw new Misread(
      'BadRange',
      `the range [${range}] must go from number to number or from letter to letter`,
      RANGES,
    );
  return Number(text.replaceAll('_', ''));
}
