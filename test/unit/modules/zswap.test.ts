import { describe, expect, it } from 'vitest';
import { zswap } from '../../../modules/zswap.ts';
import { mistakesIn, planOn } from '../../support/plan.ts';

const ZSWAP = '/sys/module/zswap/parameters';
const off = { [`${ZSWAP}/enabled`]: 'N\n', [`${ZSWAP}/compressor`]: 'lzo\n', [`${ZSWAP}/max_pool_percent`]: '20\n' };
const swap = { '/proc/swaps': 'Filename Type Size Used Priority\n/dev/sda2 partition 100 0 -2\n' };
const live = { persistent: false };

describe('zswap', () => {
  it("chooses the compressor before pages are compressed, in the kernel's own words", async () => {
    const { changes, notes } = await planOn(zswap, { enabled: true, compressor: 'zstd', ...live }, { ...off, ...swap });

    expect(changes.flatMap((change) => change.do)).toEqual([
      { do: 'poke', path: `${ZSWAP}/compressor`, value: 'zstd' },
      { do: 'poke', path: `${ZSWAP}/enabled`, value: 'Y' },
    ]);
    expect(notes).toBeUndefined();
  });

  it('tells of a host without swap, and of one without zswap', async () => {
    const { notes } = await planOn(zswap, { enabled: true, ...live }, { ...off, '/proc/swaps': 'Filename Type\n' });

    expect(notes).toEqual(['no swap is in use on this host: zswap has nothing to do']);
    expect((await planOn(zswap, { enabled: true }, {})).na).toMatch(/CONFIG_ZSWAP/);
  });

  it('leaves out, with a word, what this kernel does not have', async () => {
    const { changes, notes } = await planOn(zswap, { zpool: 'zsmalloc', max_pool_percent: 25, ...live }, off);

    expect(changes).toMatchObject([{ summary: 'zswap.max_pool_percent: 20 → 25' }]);
    expect(notes).toEqual([`zswap.zpool: n/a, this kernel has no ${ZSWAP}/zpool`]);
  });

  it('asks for a setting, and for a share that there can be', () => {
    expect(mistakesIn(zswap, {})).not.toEqual([]);
    expect(mistakesIn(zswap, { max_pool_percent: 101 })).not.toEqual([]);
  });
});
