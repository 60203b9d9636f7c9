import { z } from 'zod';
import { flag } from '../src/contract/fields.ts';
import { absolutePath, pattern, writing } from '../src/contract/file-fields.ts';
import { defineModule, editProbes, editText, linearRegex, linesOf } from '../src/contract/index.ts';

const Params = z
  .strictObject({
    path: absolutePath().describe('The file. A link is followed.'),
    block: z.string().prefault('').describe('The lines between the markers. An empty one takes the block out.'),
    state: z.enum(['present', 'absent']).prefault('present').describe('Whether the block shall be there.'),
    marker: z
      .string()
      .refine((marker) => !marker.includes('\n'), 'a marker is one line')
      .prefault('# {mark} ANSIBLE MANAGED BLOCK')
      .describe(
        "The line before and behind the block; `{mark}` stands for `marker_begin` and `marker_end`. The default is Ansible's, so that its blocks are found again.",
      ),
    marker_begin: z.string().prefault('BEGIN').describe('What `{mark}` is before the block.'),
    marker_end: z.string().prefault('END').describe('What `{mark}` is behind it.'),
    insertafter: z
      .union([z.literal('EOF'), pattern()])
      .optional()
      .describe('Where a new block goes: behind the last line in which this is found, or `EOF`. Default: `EOF`.'),
    insertbefore: z
      .union([z.literal('BOF'), pattern()])
      .optional()
      .describe('Or before the last line in which this is found, or `BOF`.'),
    create: flag().prefault(false).describe('Whether to make the file where it is not there.'),
    ...writing,
  })
  .refine(
    ({ insertafter, insertbefore }) => insertafter === undefined || insertbefore === undefined,
    'give either insertafter or insertbefore',
  )
  .refine(({ marker, marker_begin: begin, marker_end: end }) => marker.includes('{mark}') && begin !== end, {
    path: ['marker'],
    error: 'the markers before and behind the block have to differ: put {mark} into it',
  });
type Params = z.infer<typeof Params>;

export const blockinfile = defineModule({
  name: 'blockinfile',
  summary: 'Have a block of lines in a file, between two markers.',
  params: Params,
  reads: (params, seen) => editProbes(params, seen),
  plan: (params, seen) =>
    editText(seen, params, (inBytes) => (text) => {
      if (text === undefined && params.state === 'absent') return { text, msg: `File ${params.path} not present` };
      return withBlock(inBytes ? asBytes(params) : params, text);
    }),
  examples: [
    {
      title: 'Hosts of the storage network',
      params: { path: '/etc/hosts', block: '10.0.0.1 ceph1\n10.0.0.2 ceph2', marker: '# {mark} storage', backup: true },
      host: { '/etc/hosts': '127.0.0.1 localhost\n# BEGIN storage\n10.0.0.9 old\n# END storage\n' },
    },
    {
      title: 'Before what decides otherwise',
      params: {
        path: '/etc/ssh/sshd_config',
        block: 'Match Address 10.0.0.0/8\n  PermitRootLogin yes',
        insertbefore: '^Match ',
        marker_begin: 'from',
        marker_end: 'to',
        validate: 'sshd -t -f %s',
      },
      host: { '/etc/ssh/sshd_config': { text: 'UsePAM yes\nMatch User git\n', mode: '0600' } },
    },
    {
      title: 'Taken out',
      params: { path: '/etc/hosts', state: 'absent' },
      host: { '/etc/hosts': 'a\n# BEGIN ANSIBLE MANAGED BLOCK\nb\n# END ANSIBLE MANAGED BLOCK\n' },
    },
    {
      title: 'In a file that is made',
      params: {
        path: '/etc/motd',
        block: 'Guests live here.',
        insertafter: 'EOF',
        create: true,
        owner: 'root',
        group: 'root',
        mode: '0644',
      },
      host: { '/etc/issue': '' },
    },
  ],
});

type Words = Pick<
  Params,
  'block' | 'state' | 'marker' | 'marker_begin' | 'marker_end' | 'insertafter' | 'insertbefore'
>;

/** The words as a file of other bytes than UTF-8 has them. */
function asBytes(params: Params): Words {
  const bytes = (word: string) => Buffer.from(word).toString('latin1');
  const { insertafter, insertbefore } = params;
  return {
    state: params.state,
    block: bytes(params.block),
    marker: bytes(params.marker),
    marker_begin: bytes(params.marker_begin),
    marker_end: bytes(params.marker_end),
    insertafter: insertafter && bytes(insertafter),
    insertbefore: insertbefore && bytes(insertbefore),
  };
}

/** As Ansible does it: in the place of the last block, or where a new one goes. */
function withBlock(params: Words, before: string | undefined): { text: string; msg: string } {
  const begin = `${params.marker.replaceAll('{mark}', () => params.marker_begin)}\n`;
  const end = `${params.marker.replaceAll('{mark}', () => params.marker_end)}\n`;
  const { block } = params;
  const lines = linesOf(before ?? '');
  const there = params.state === 'present' && block !== '';
  const own = there ? [begin, block.endsWith('\n') ? block : `${block}\n`, end] : [];
  const [first, last] = [lines.lastIndexOf(begin), lines.lastIndexOf(end)];
  let at: number;
  if (first >= 0 && last >= 0) {
    at = Math.min(first, last);
    lines.splice(at, Math.abs(last - first) + 1);
  } else at = placeFor(lines, params);
  const above = lines[at - 1];
  if (above !== undefined && !above.endsWith('\n')) lines[at - 1] = `${above}\n`;
  const text = lines.toSpliced(at, 0, ...own).join('');
  if (text === before) return { text, msg: '' };
  return { text, msg: before === undefined ? 'File created' : there ? 'Block inserted' : 'Block removed' };
}

function placeFor(lines: readonly string[], { insertafter, insertbefore }: Words): number {
  if (insertbefore === 'BOF') return 0;
  const words = insertafter ?? insertbefore;
  if (words === undefined || words === 'EOF') return lines.length;
  const expression = linearRegex(words);
  const found = lines.findLastIndex((line) => expression.search(line.replace(/\n$/, '')) !== undefined);
  if (found < 0) return lines.length;
  return insertafter === undefined ? found : found + 1;
}
