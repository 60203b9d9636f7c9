import { describe, expect, it } from 'vitest';
import { thp } from '../../../modules/thp.ts';
import { mistakesIn, planOn, problemOn, summaryOf } from '../../support/plan.ts';

const THP = '/sys/kernel/mm/transparent_hugepage';
const enabled = { [`${THP}/enabled`]: 'always [madvise] never\n' };
const live = { persistent: false };

describe('thp', () => {
  it('writes the word, and goes back to the word that was in brackets', async () => {
    const { changes } = await planOn(thp, { enabled: 'never', ...live }, enabled);

    expect(changes).toMatchObject([
      {
        summary: 'thp.enabled: madvise → never',
        after: { text: 'always madvise [never]\n' },
        do: [{ value: 'never' }],
        undo: [{ value: 'madvise' }],
      },
    ]);
  });

  it.each(['always [madvise] never\n', 'madvise\n', '[madvise]'])('takes %j for madvise', async (text) => {
    expect((await planOn(thp, { enabled: 'madvise', ...live }, { [`${THP}/enabled`]: text })).changes).toEqual([]);
  });

  it('names what this very kernel offers', async () => {
    const files = { ...enabled, [`${THP}/defrag`]: 'always [madvise] never\n' };

    expect(await problemOn(thp, { defrag: 'defer+madvise' }, files)).toBe(
      'NotOffered: thp.defrag: this kernel does not offer "defer+madvise" (choose one of: always, madvise, never)',
    );
  });

  it("sets khugepaged's defrag by 0 and 1", async () => {
    const files = { ...enabled, [`${THP}/khugepaged/defrag`]: '0\n' };

    expect((await planOn(thp, { khugepaged: { defrag: 'yes' }, ...live }, files)).changes).toMatchObject([
      { do: [{ path: `${THP}/khugepaged/defrag`, value: '1' }] },
    ]);
  });

  it("finds RHEL 6's directory, and persists that path", async () => {
    const old = '/sys/kernel/mm/redhat_transparent_hugepage/enabled';

    const { changes } = await planOn(thp, { enabled: 'never' }, { [old]: '[always] madvise never\n' });

    expect(changes).toMatchObject([
      { target: { path: old } },
      { after: { text: expect.stringContaining(`w ${old} - - - - never\n`) } },
    ]);
  });

  it('is n/a on a kernel without them, and says which knobs an older one lacks', async () => {
    expect((await planOn(thp, { enabled: 'never' }, {})).na).toBe(
      'this kernel is built without transparent huge pages',
    );
    expect((await planOn(thp, { enabled: 'madvise', shmem_enabled: 'never', ...live }, enabled)).notes).toEqual([
      `thp.shmem_enabled: n/a, this kernel has no ${THP}/shmem_enabled`,
    ]);
  });

  it.each([
    ['inherit', []],
    ['madvise', []],
    ['never', [expect.stringContaining('hugepages-2048kB/enabled says never, which has the last word')]],
  ])('knows what it means that the size of guests says %s', async (word, expected) => {
    const files = {
      ...enabled,
      [`${THP}/hpage_pmd_size`]: '2097152\n',
      [`${THP}/hugepages-64kB/enabled`]: 'always inherit madvise [never]\n',
      [`${THP}/hugepages-2048kB/enabled`]: 'always inherit madvise never\n'.replace(word, `[${word}]`),
    };

    expect(summaryOf(await planOn(thp, { enabled: 'madvise', ...live }, files))).toEqual(expected);
  });

  it('sets one size, in whichever unit it is given', async () => {
    const files = {
      ...enabled,
      [`${THP}/hpage_pmd_size`]: '2097152\n',
      [`${THP}/hugepages-2048kB/enabled`]: 'always inherit madvise [never]\n',
    };

    expect(summaryOf(await planOn(thp, { enabled: 'madvise', sizes: { '2M': 'inherit' }, ...live }, files))).toEqual([
      'live thp.hugepages-2048kB/enabled: never → inherit',
    ]);
    expect(mistakesIn(thp, { sizes: { '2X': 'never' } })).toEqual([expect.stringContaining('sizes.2X: ')]);
  });

  it('notes what the profile of tuned sets as well', async () => {
    const conf = '/usr/lib/tuned/oracle/tuned.conf';
    const files = {
      ...enabled,
      '/etc/tuned/active_profile': 'oracle\n',
      [conf]: '[sysctl]\nvm.swappiness = 10\n\n[vm]\ntransparent_hugepages=never\n',
    };
    const running = { ...files, '/run/tuned/tuned.pid': '812' };

    expect((await planOn(thp, { enabled: 'madvise', ...live }, running)).notes).toEqual([
      `thp.enabled: tuned sets it too whenever it starts, to never (profile oracle, ${conf}:5)`,
    ]);
    expect(await planOn(thp, { enabled: 'madvise', ...live }, files)).not.toHaveProperty('notes');
  });

  it.each([
    [{}, ': expected a setting such as `enabled`'],
    [{ enabled: '[always]' }, 'enabled: expected one word, such as madvise'],
    [{ khugepaged: { defrag: 'madvise' } }, 'khugepaged.defrag: expected true or false'],
    [
      { khugepaged: { max_ptes_none: 512 } },
      'khugepaged.max_ptes_none: expected an integer from 0 to 511, in decimal and without leading zeros',
    ],
  ])('refuses %j', (params, message) => {
    expect(mistakesIn(thp, params)).toContain(message);
  });
});
