import { describe, expect, it } from 'vitest';
import { hugepages } from '../../../modules/hugepages.ts';
import { mistakesIn, planOn, problemOn, summaryOf } from '../../support/plan.ts';

const live = { persistent: false };
const NODE = '/sys/devices/system/node/node';
const HOST = '/sys/kernel/mm/hugepages';
const poke = (path: string, value: string) => ({ do: 'poke', path, value });

/** A host of nodes, each `[pages, free]`, and what more is given. */
function host(
  nodes: readonly [number, number][],
  more: Record<string, string> = {},
  size = 2048,
): Record<string, string> {
  const pool = (dir: string, nr: number, free: number) => [
    [`${dir}/nr_hugepages`, `${nr}\n`],
    [`${dir}/free_hugepages`, `${free}\n`],
    [`${dir}/surplus_hugepages`, '0\n'],
  ];
  const sum = (at: 0 | 1) => nodes.reduce((total, one) => total + one[at], 0);
  return Object.fromEntries([
    ...pool(`${HOST}/hugepages-${size}kB`, sum(0), sum(1)),
    [`${HOST}/hugepages-${size}kB/nr_overcommit_hugepages`, '0\n'],
    ...nodes.flatMap(([nr, free], node) => pool(`${NODE}${node}/hugepages/hugepages-${size}kB`, nr, free)),
    ...nodes.map((_, node) => [`${NODE}${node}/meminfo`, `Node ${node} MemTotal:        2097152 kB\n`]),
    ...Object.entries(more),
  ]);
}
const nr = (node: number) => `${NODE}${node}/hugepages/hugepages-2048kB/nr_hugepages`;
const two = host([
  [100, 90],
  [400, 400],
]);

describe('hugepages', () => {
  it('sets the nodes that are named and leaves the others', async () => {
    const plan = await planOn(hugepages, { nodes: { 0: 200 }, ...live }, two);

    expect(summaryOf(plan)).toEqual(['live hugepages 2M of node 0: 100 → 200']);
    expect(plan.changes[0]?.do).toEqual([poke(nr(0), '200')]);
  });

  it('puts every node back after a total, since the kernel spreads the pages anew', async () => {
    const plan = await planOn(hugepages, { total: 600, ...live }, two);

    expect(plan.changes[0]?.undo).toEqual([poke(nr(0), '100'), poke(nr(1), '400')]);
    expect(plan.changes[0]?.disturbs).toContainEqual({ kind: 'file', path: nr(1) });
  });

  it('does not take pages from guests', async () => {
    expect(await problemOn(hugepages, { nodes: { 0: 5 } }, two)).toBe(
      'PagesInUse: hugepages 2M of node 0: 10 pages are in use, so it cannot go down to 5 (stop or move guests that have them first)',
    );
    expect(await problemOn(hugepages, { nodes: { 0: 10 } }, two)).toBe('no problem');
  });

  it('does not count surplus pages as reserved', async () => {
    const surplus = { [nr(0)]: '105\n', [nr(0).replace('nr_', 'surplus_')]: '5\n' };

    expect((await planOn(hugepages, { nodes: { 0: 100 }, ...live }, { ...two, ...surplus })).changes).toEqual([]);
  });

  it('says which pages will be free, node by node and on the host', async () => {
    const { changes } = await planOn(hugepages, { nodes: { 0: 150, 1: 300 }, ...live }, two);

    const free = changes.map(({ moves = [] }) =>
      Object.fromEntries(
        moves.flatMap(({ probe, after }) =>
          probe.kind === 'file' && probe.path.endsWith('free_hugepages') && after.is === 'text'
            ? [[probe.path.replace(/hugepages-2048kB.*$|\/sys.*?(?=node\d)/g, ''), after.text]]
            : [],
        ),
      ),
    );

    expect(free).toEqual([
      { 'node0/hugepages/': '140\n', '/sys/kernel/mm/hugepages/': '540\n' },
      { 'node1/hugepages/': '300\n', '/sys/kernel/mm/hugepages/': '440\n' },
    ]);
  });

  it('does not say where a total will be free, nor what becomes of surplus pages', async () => {
    const total = await planOn(hugepages, { total: 600, ...live }, two);
    const surplus = { [`${HOST}/hugepages-2048kB/surplus_hugepages`]: '2\n' };
    const lent = await planOn(hugepages, { nodes: { 0: 200 }, ...live }, { ...two, ...surplus });

    const paths = (changes: typeof total.changes) =>
      changes.flatMap(({ moves = [] }) => moves.map(({ probe }) => (probe.kind === 'file' ? probe.path : '')));
    expect(paths(total.changes).filter((path) => path.includes('/node'))).toEqual([]);
    expect(paths(total.changes)).toContain(`${HOST}/hugepages-2048kB/free_hugepages`);
    expect(paths(lent.changes)).toEqual([]);
  });

  it('does not take pages that are promised, which the kernel would keep as surplus', async () => {
    const promised = { ...two, [`${HOST}/hugepages-2048kB/resv_hugepages`]: '400\n' };

    expect(await problemOn(hugepages, { nodes: { 1: 310 } }, promised)).toBe('no problem');
    expect(await problemOn(hugepages, { nodes: { 1: 309 } }, promised)).toMatch(
      /^PagesInUse: hugepages 2M of node 1: 400 free pages are promised/,
    );
    expect(await problemOn(hugepages, { nodes: { 0: 110, 1: 300 } }, promised)).toBe('no problem');
  });

  it.each([
    // Orders 9 and 10 of a zone: 3 blocks of 2M and 2 of 4M are room for 7 pages.
    ['enough free blocks', 107, false, [poke(nr(0), '107')], 'none'],
    [
      'too few free blocks',
      108,
      false,
      [poke('/proc/sys/vm/compact_memory', '1'), poke(nr(0), '108')],
      'guest-latency',
    ],
    [
      'too few, and caches may go',
      108,
      true,
      [poke('/proc/sys/vm/drop_caches', '3'), poke('/proc/sys/vm/compact_memory', '1'), poke(nr(0), '108')],
      'guest-latency',
    ],
  ])('with %s', async (_, pages, drop_caches, actions, impact) => {
    const buddy = 'Node 0, zone   Normal   9 9 9 9 9 9 9 9 9 3 2\nNode 1, zone   Normal   0 0 0 0 0 0 0 0 0 9 9\n';

    const { changes } = await planOn(
      hugepages,
      { nodes: { 0: pages }, drop_caches, ...live },
      { ...two, '/proc/buddyinfo': buddy },
    );

    expect(changes).toMatchObject([{ do: actions, impact }]);
  });

  it('tells what to do about a short grant', async () => {
    const { changes } = await planOn(hugepages, { nodes: { 0: 200 }, ...live }, two);

    expect(changes[0]?.hints?.DidNotConverge).toMatch(/reserve the pages at boot/);
  });

  it('refuses what a node could never hold', async () => {
    expect(await problemOn(hugepages, { nodes: { 1: 2000 } }, two)).toBe(
      'NotEnoughMemory: hugepages 2M of node 1: 2000 pages are 4000M, and there are 2G in all (ask for fewer)',
    );
  });

  it('is n/a where a size does not exist, and knows the nodes', async () => {
    expect((await planOn(hugepages, { size: '1G', total: 1 }, two)).na).toBe('this kernel has no huge pages of 1G');
    expect(await problemOn(hugepages, { nodes: { 2: 1 } }, two)).toBe(
      'UnknownNode: there is no NUMA node 2 here (this host has: 0, 1)',
    );
  });

  it('writes counts by node for the boot, and takes the total out that would undo them', async () => {
    const file = '/etc/tmpfiles.d/kvmplay-hugepages.conf';
    const total = `w ${HOST}/hugepages-2048kB/nr_hugepages - - - - 9\n`;

    const { changes } = await planOn(hugepages, { nodes: { 0: 100 } }, { ...two, [file]: `# x\n${total}` });

    expect(changes).toMatchObject([{ after: { text: `# x\nw ${nr(0)} - - - - 100\n` } }]);
  });

  it('mounts a size by a unit of its own', async () => {
    const files = host([[0, 0]], {}, 1048576);

    const { changes } = await planOn(hugepages, { size: '1G', mount: '/dev/huge-1G' }, files);

    expect(changes.map(({ do: [first] }) => first)).toMatchObject([
      { do: 'mkdir', path: '/etc/systemd/system' },
      { do: 'mkdir', path: '/etc/systemd/system/sysinit.target.wants' },
      { do: 'exec', argv: ['systemctl', 'start', 'dev-huge\\x2d1G.mount'] },
    ]);
    expect(changes[0]?.after).toMatchObject({
      text: expect.stringContaining('Where=/dev/huge-1G\nType=hugetlbfs\nOptions=pagesize=1G\n'),
    });
  });

  it("leaves a mount to systemd's own unit, and takes over one that was made by hand", async () => {
    const mounted = { '/proc/mounts': 'hugetlbfs /dev/hugepages hugetlbfs rw,relatime,pagesize=2M 0 0\n' };
    const shown = (enabled: string) => ({
      commands: { systemctl: `LoadState=loaded\nActiveState=active\nUnitFileState=${enabled}\n` },
    });
    const plan = (enabled: string) =>
      planOn(hugepages, { mount: '/dev/hugepages' }, { ...two, ...mounted }, shown(enabled));

    expect((await plan('static')).changes).toEqual([]);
    expect((await plan('')).changes.map(({ plane }) => plane)).toEqual(['persistent', 'persistent']);
    expect(
      await problemOn(hugepages, { size: '1G', mount: '/dev/hugepages' }, { ...host([[1, 1]], mounted, 1048576) }),
    ).toBe('MountedOtherwise: /dev/hugepages has huge pages of 2M mounted already (mount those of 1G elsewhere)');
  });

  it('has the kernel reserve them at boot, and no other at that', async () => {
    const entry = '/boot/loader/entries/a.conf';
    const files = {
      ...host(
        [
          [0, 0],
          [0, 0],
        ],
        {},
        1048576,
      ),
      [entry]: 'linux /vmlinuz\noptions ro hugepagesz=1G hugepages=2 hugepagesz=2M hugepages=64\n',
      '/proc/cmdline': 'ro hugepagesz=1G hugepages=2\n',
      '/etc/tmpfiles.d/kvmplay-hugepages.conf': `w ${NODE}0/hugepages/hugepages-1048576kB/nr_hugepages - - - - 2\n`,
    };
    const params = { size: '1G', nodes: { 0: 8, 1: 8 }, at_boot: 'cmdline', live: false };

    const plan = await planOn(hugepages, params, files);

    expect(plan.changes.map(({ after }) => (after.is === 'text' ? after.text : after.is))).toEqual([
      'absent',
      'linux /vmlinuz\noptions ro hugepagesz=1G hugepages=0:8,1:8 hugepagesz=2M hugepages=64\n',
    ]);
    expect(plan.pending).toMatchObject([{ needs: 'reboot' }]);
  });

  it('waits for no reboot where the pages are there, and needs something that boots the host', async () => {
    const entry = { '/boot/loader/entries/a.conf': 'linux /vmlinuz\n', '/proc/cmdline': 'ro\n' };
    const params = { nodes: { 0: 100 }, at_boot: 'cmdline' };

    expect(await planOn(hugepages, params, { ...two, ...entry })).not.toHaveProperty('pending');
    expect(await problemOn(hugepages, params, two)).toContain('NoBootloader: no bootloader is known here');
  });

  it('leaves a mount to fstab where it is in there', async () => {
    const files = { ...two, '/etc/fstab': 'none /mnt/huge hugetlbfs pagesize=2M 0 0\n' };

    expect((await planOn(hugepages, { mount: '/mnt/huge' }, files)).changes).toEqual([]);
  });

  it.each([
    [{ nodes: { 0: 1 }, total: 1 }, ': expected `total` or `nodes`, not both'],
    [{ size: '2M' }, ': expected `nodes`, `total`, `overcommit` or `mount`'],
    [{ size: '2', total: 1 }, 'size: "2" is no size: write it with a unit, such as 2M or 1G'],
    [{ nodes: { a: 1 } }, 'nodes.a: Invalid key in record'],
    [{ mount: '/dev/x', persistent: false }, 'mount: a mount is kept by a systemd unit: leave `persistent` on'],
  ])('refuses %j', (params, message) => {
    expect(mistakesIn(hugepages, params)).toContain(message);
  });
});
