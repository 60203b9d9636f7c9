import { describe, expect, it } from 'vitest';
import { ksm } from '../../../modules/ksm.ts';
import { mistakesIn, planOn, problemOn, summaryOf } from '../../support/plan.ts';

const KSM = '/sys/kernel/mm/ksm';
const host = (run: string, sharing = '0', more: Record<string, string> = {}) => ({
  [`${KSM}/run`]: `${run}\n`,
  [`${KSM}/pages_shared`]: `${sharing}\n`,
  [`${KSM}/pages_sharing`]: `${sharing}\n`,
  ...Object.fromEntries(Object.entries(more).map(([name, text]) => [`${KSM}/${name}`, text])),
});
const poke = (name: string, value: string) => ({ do: 'poke', path: `${KSM}/${name}`, value });
const live = { persistent: false };

describe('ksm', () => {
  it.each([
    ['0', '0', []],
    ['2', '0', []],
    ['1', '0', ['live ksm.run: 1 → 2']],
    ['1', '4084', ['live ksm.run: 1 → 2, unmerges 4084 pages (16 MiB)']],
    ['0', '4084', ['live ksm.run: 0 → 2, unmerges 4084 pages (16 MiB)']],
    ['2', '4084', ['live ksm.pages_sharing: 4084 → 0, unmerges 4084 pages (16 MiB)']],
  ])('knows what off takes where run reads %s and %s pages are merged', async (run, sharing, expected) => {
    const plan = await planOn(ksm, { state: 'off', ...live }, host(run, sharing));

    expect(summaryOf(plan)).toEqual(expected);
    for (const change of plan.changes) expect(change.do).toEqual([poke('run', '2')]);
  });

  it('undoes on by unmerging, since 0 alone would keep what was merged meanwhile', async () => {
    const { changes } = await planOn(ksm, { state: 'on', ...live }, host('0'));

    expect(changes).toMatchObject([{ do: [poke('run', '1')], undo: [poke('run', '2'), poke('run', '0')] }]);
  });

  it('unmerges before it splits by node, and merges again after', async () => {
    const files = host('1', '80', { merge_across_nodes: '1\n' });

    const { changes } = await planOn(ksm, { state: 'on', merge_across_nodes: false, ...live }, files);

    expect(changes).toMatchObject([
      { do: [poke('run', '2'), poke('merge_across_nodes', '0'), poke('run', '1')], impact: 'guest-latency' },
    ]);
    expect(changes[0]?.hints?.EBUSY).toMatch(/stop the guests/);
  });

  it.each([
    [
      'nothing is merged and KSM rests',
      {},
      host('0', '0', { merge_across_nodes: '1\n' }),
      [poke('merge_across_nodes', '0')],
    ],
    [
      'turning off has unmerged',
      { state: 'off' },
      host('1', '9', { merge_across_nodes: '1\n' }),
      [poke('run', '2'), poke('merge_across_nodes', '0')],
    ],
  ])('splits by node at once where %s', async (_, params, files, expected) => {
    const { changes } = await planOn(ksm, { ...params, merge_across_nodes: false, ...live }, files);

    expect(changes.flatMap((change) => change.do)).toEqual(expected);
  });

  it('frees pages_to_scan from the advisor before it sets it', async () => {
    const files = host('1', '0', { advisor_mode: 'none [scan-time]\n', pages_to_scan: '100\n' });

    const { changes } = await planOn(ksm, { pages_to_scan: 500, advisor_mode: 'none', ...live }, files);

    expect(changes.map(({ summary }) => summary)).toEqual([
      'ksm.advisor_mode: scan-time → none',
      'ksm.pages_to_scan: 100 → 500',
    ]);
  });

  it('says which tunables an older kernel lacks, and does not persist them', async () => {
    const plan = await planOn(
      ksm,
      { pages_to_scan: 100, smart_scan: true },
      host('0', '0', { pages_to_scan: '100\n' }),
    );

    expect(plan.notes).toEqual([`ksm.smart_scan: n/a, this kernel has no ${KSM}/smart_scan`]);
    expect(plan.changes).toMatchObject([
      {
        plane: 'persistent',
        after: { text: expect.stringMatching(/^#.*\nw \/sys\/kernel\/mm\/ksm\/pages_to_scan - - - - 100\n$/) },
      },
    ]);
  });

  it('is n/a on a kernel without KSM', async () => {
    expect(await planOn(ksm, { state: 'off' }, {})).toEqual({
      changes: [],
      na: 'this kernel is built without KSM (CONFIG_KSM)',
    });
  });

  it('writes for an image that is not running', async () => {
    const { changes } = await planOn(ksm, { state: 'off', live: false }, {});

    expect(changes).toMatchObject([{ after: { text: expect.stringContaining(`w ${KSM}/run - - - - 0\n`) } }]);
  });

  it('does not unmerge more than the memory that is available', async () => {
    const files = { ...host('1', '1000000'), '/proc/meminfo': 'MemTotal: 9 kB\nMemAvailable:    1048576 kB\n' };

    expect(await problemOn(ksm, { state: 'off' }, files)).toBe(
      'NotEnoughMemory: unmerging 1000000 pages takes 3907 MiB, and 1024 MiB are available (stop guests or move them away first)',
    );
  });

  const ksmtuned = {
    '/usr/lib/systemd/system/ksmtuned.service': '[Service]\n',
    '/sys/fs/cgroup/system.slice/ksmtuned.service/cgroup.procs': '1\n',
  };

  it('shows ksmtuned as drift, since it would undo what is asked', async () => {
    const plan = await planOn(ksm, { state: 'off', ...live }, { ...host('0'), ...ksmtuned });

    expect(plan.pending).toMatchObject([
      { needs: 'manual', summary: expect.stringMatching(/^ksmtuned.service is active/) },
    ]);
  });

  it('masks ksmtuned where that is asked, before anything else, and would start it again', async () => {
    const plan = await planOn(ksm, { state: 'off', services: 'mask', ...live }, { ...host('1'), ...ksmtuned });

    expect(plan.changes).toMatchObject([
      {
        do: [{ argv: ['systemctl', 'mask', '--now', 'ksmtuned.service'] }],
        undo: [
          { argv: ['systemctl', 'unmask', 'ksmtuned.service'] },
          { argv: ['systemctl', 'start', 'ksmtuned.service'] },
        ],
      },
      { summary: 'ksm.run: 1 → 2' },
    ]);
    expect(plan.pending).toBeUndefined();
  });

  it('knows that of two tmpfiles.d files the earlier has the last word', async () => {
    const line = `w ${KSM}/run - - - - 1\n`;

    const early = await planOn(ksm, { state: 'off', live: false }, { '/usr/lib/tmpfiles.d/a.conf': line });
    const late = await planOn(ksm, { state: 'off', live: false }, { '/usr/lib/tmpfiles.d/z.conf': line });

    expect(early.pending).toMatchObject([{ summary: expect.stringContaining('/usr/lib/tmpfiles.d/a.conf:1 sets') }]);
    expect(late.pending).toBeUndefined();
  });

  it('notes that Debian turns KSM on at boot', async () => {
    const files = { ...host('0'), '/etc/default/qemu-kvm': 'KSM_ENABLED=1\n' };

    expect((await planOn(ksm, { state: 'off' }, files)).notes).toEqual([
      '/etc/default/qemu-kvm says KSM_ENABLED=1, which turns KSM on at boot',
    ]);
  });

  it.each([
    [{}, ': expected `state` or a tunable'],
    [
      { pages_to_scan: 1, advisor_mode: 'scan-time' },
      'pages_to_scan: the advisor sets pages_to_scan: leave it out, or set advisor_mode to none',
    ],
    [
      { max_page_sharing: 1 },
      'max_page_sharing: expected an integer of at least 2, in decimal and without leading zeros',
    ],
    [
      { pages_to_scan: '0100' },
      'pages_to_scan: expected an integer from 0 to 4294967295, in decimal and without leading zeros',
    ],
    [{ state: 'of' }, 'state: Invalid option: expected one of "on"|"off"'],
    [{ pages_shared: 0 }, ': Unrecognized key: "pages_shared"'],
  ])('refuses %j', (params, message) => {
    expect(mistakesIn(ksm, params)).toContain(message);
  });
});
