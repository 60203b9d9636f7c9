import { z } from 'zod';
import { flag } from '../src/contract/fields.ts';
import { absolutePath, pattern, writing } from '../src/contract/file-fields.ts';
import { defineModule, editProbes, editText, expand, linearRegex, linesOf } from '../src/contract/index.ts';

const Params = z
  .strictObject({
    path: absolutePath().describe('The file. A link is followed.'),
    line: z
      .string()
      .optional()
      .describe('The line that shall be there; with `state: absent`, the line that shall not.'),
    regexp: pattern()
      .optional()
      .describe(
        'The line that it takes the place of: the last one in which this is found. With `state: absent`, every one is taken out.',
      ),
    search_string: z.string().min(1).optional().describe('The same as a plain text.'),
    state: z.enum(['present', 'absent']).prefault('present').describe('Whether the line shall be there.'),
    insertafter: z
      .union([z.enum(['BOF', 'EOF']), pattern()])
      .optional()
      .describe('Where a new line goes: behind the last line in which this is found, or `EOF`. Default: `EOF`.'),
    insertbefore: z
      .union([z.literal('BOF'), pattern()])
      .optional()
      .describe('Or before the last line in which this is found, or `BOF`.'),
    firstmatch: flag()
      .prefault(false)
      .describe('Whether the first line counts in which something is found, and not the last.'),
    backrefs: flag()
      .prefault(false)
      .describe(
        'Whether `\\1` and `\\g<name>` in `line` stand for what `regexp` found. Where it finds nothing, nothing is changed.',
      ),
    create: flag().prefault(false).describe('Whether to make the file where it is not there.'),
    ...writing,
  })
  .refine(({ state, line }) => state === 'absent' || line !== undefined, {
    path: ['line'],
    error: 'line is needed to be present',
  })
  .refine(
    ({ state, line, regexp, search_string: search }) => state === 'present' || (line ?? regexp ?? search) !== undefined,
    'give line, regexp or search_string: what shall be absent',
  )
  .refine(
    ({ regexp, search_string: search }) => regexp === undefined || search === undefined,
    'give either regexp or search_string',
  )
  .refine(
    ({ insertafter, insertbefore }) => insertafter === undefined || insertbefore === undefined,
    'give either insertafter or insertbefore',
  )
  .refine(({ backrefs, regexp }) => !backrefs || regexp !== undefined, {
    path: ['regexp'],
    error: 'backrefs needs a regexp',
  });
type Params = z.infer<typeof Params>;

export const lineinfile = defineModule({
  name: 'lineinfile',
  summary: 'Have a line in a file, or not in it.',
  notes: `
Which line is changed, and where a new one goes, is as with Ansible. Regular expressions run in time that is linear in the file, so that
look-around and back references in a pattern are refused. What is not text in the file stays as it is, byte for byte.`,
  params: Params,
  reads: (params, seen) => editProbes(params, seen),
  plan: (params, seen) =>
    editText(seen, params, (inBytes) => {
      const words = inBytes ? asBytes(params) : params;
      return (text) => (params.state === 'present' ? present(words, text) : absent(words, text));
    }),
  examples: [
    {
      title: 'A setting in the place of what was set before',
      params: { path: '/etc/selinux/config', regexp: '^SELINUX=', line: 'SELINUX=enforcing' },
      host: { '/etc/selinux/config': '# one of three\nSELINUX=disabled\nSELINUXTYPE=targeted\n' },
    },
    {
      title: 'A part of a line',
      params: {
        path: '/etc/fstab',
        regexp: '^(\\S+\\s+/var\\s+\\S+\\s+)\\S+(.*)$',
        line: '\\1noatime\\2',
        backrefs: true,
        backup: true,
      },
      host: { '/etc/fstab': 'UUID=1 / ext4 defaults 0 1\nUUID=2 /var ext4 defaults 0 2\n' },
    },
    {
      title: 'Taken out',
      params: { path: '/etc/hosts', search_string: 'old-storage', state: 'absent', firstmatch: false },
      host: { '/etc/hosts': '127.0.0.1 localhost\n10.0.0.9 old-storage\n' },
    },
    {
      title: 'A new line at its place',
      params: { path: '/etc/sudoers', line: 'Defaults use_pty', insertafter: '^Defaults', validate: 'visudo -cf %s' },
      host: { '/etc/sudoers': { text: 'Defaults env_reset\nroot ALL=(ALL:ALL) ALL\n', mode: '0440' } },
    },
    {
      title: 'In a file that is made',
      params: {
        path: '/etc/modules',
        line: 'vfio-pci',
        insertbefore: 'BOF',
        create: true,
        owner: 'root',
        group: 'root',
        mode: '0644',
      },
      host: { '/etc/fstab': '' },
    },
  ],
});

type Words = Pick<
  Params,
  'line' | 'regexp' | 'search_string' | 'insertafter' | 'insertbefore' | 'firstmatch' | 'backrefs' | 'create'
>;

/** The words as a file of other bytes than UTF-8 has them. */
function asBytes(params: Params): Words {
  const bytes = <T extends string | undefined>(word: T) =>
    word === undefined ? undefined : Buffer.from(word).toString('latin1');
  return {
    ...params,
    line: bytes(params.line),
    regexp: bytes(params.regexp),
    search_string: bytes(params.search_string),
    insertafter: bytes(params.insertafter),
    insertbefore: bytes(params.insertbefore),
  };
}

/** Python's `$` matches before a newline at the end. */
const withoutEnd = (line: string): string => line.replace(/\n$/, '');

const bare = (line: string): string => line.replace(/[\r\n]+$/, '');

/** Ansible's order: a line that `regexp` finds, then the very line, then the place of a new one. */
function present(params: Words, before: string | undefined): { text: string | undefined; msg: string } {
  const { line = '', insertafter, insertbefore, firstmatch, backrefs } = params;
  if (before === undefined && !params.create) return { text: '', msg: '' };
  const lines = linesOf(before ?? '');
  const same = { text: before, msg: '' };
  const found = matchIn(lines, params);
  if (found) {
    const next = backrefs && found.match ? expand(found.match, line) : line;
    return replaced(lines, found.index, next, same);
  }
  const stop = anchor(lines, params);
  // Ansible looks no further than the first line that new ones would go behind.
  const looked = firstmatch && stop >= 0 ? lines.slice(0, stop) : lines;
  const exact = looked.findLastIndex((one) => bare(one) === line);
  if (exact >= 0) return replaced(lines, exact, line, same);
  if (backrefs) return same;
  const added = (at: number) => ({ text: lines.toSpliced(at, 0, `${line}\n`).join(''), msg: 'line added' });
  if (insertbefore === 'BOF' || insertafter === 'BOF') return added(0);
  if (insertafter === 'EOF' || stop < 0) {
    const last = lines.at(-1);
    if (last !== undefined && !/[\r\n]$/.test(last)) lines.push('\n');
    return added(lines.length);
  }
  const at = insertafter === undefined ? stop : stop + 1;
  if (insertafter !== undefined && bare(lines[Math.min(at, lines.length - 1)] ?? '') === line) return same;
  const last = lines.length - 1;
  if (at > last && !/\n$/.test(lines[last] ?? '\n')) lines[last] += '\n';
  return added(at);
}

function replaced(
  lines: readonly string[],
  index: number,
  line: string,
  same: { text: string | undefined; msg: string },
) {
  const next = line.endsWith('\n') ? line : `${line}\n`;
  return lines[index] === next ? same : { text: lines.toSpliced(index, 1, next).join(''), msg: 'line replaced' };
}

function matchIn(lines: readonly string[], { regexp, search_string: search, firstmatch }: Words) {
  const expression = regexp === undefined ? undefined : linearRegex(regexp);
  const indexes = firstmatch ? lines.keys() : [...lines.keys()].reverse();
  for (const index of indexes) {
    const line = lines[index] ?? '';
    const match = expression?.search(withoutEnd(line));
    if (match || (search !== undefined && line.includes(search))) return { index, match };
  }
  return undefined;
}

/** The line that a new one goes behind or before; -1 where there is none. */
function anchor(lines: readonly string[], { line: own, insertafter, insertbefore, firstmatch }: Words): number {
  const words = insertafter ?? insertbefore;
  if (words === undefined || words === 'BOF' || words === 'EOF') return -1;
  const expression = linearRegex(words);
  const finds = (line: string) => bare(line) !== own && expression.search(withoutEnd(line)) !== undefined;
  return firstmatch ? lines.findIndex(finds) : lines.findLastIndex(finds);
}

function absent({ line, regexp, search_string: search }: Words, before: string | undefined) {
  if (before === undefined) return { text: undefined, msg: 'file not present' };
  const expression = regexp === undefined ? undefined : linearRegex(regexp);
  const goes = (one: string): boolean => {
    if (expression) return expression.search(withoutEnd(one)) !== undefined;
    return search === undefined ? bare(one) === line : one.includes(search);
  };
  const lines = linesOf(before);
  const kept = lines.filter((one) => !goes(one));
  const gone = lines.length - kept.length;
  return { text: kept.join(''), msg: gone === 0 ? '' : `${gone} line(s) removed` };
}
