import { type Change, file, type Knob, Problem, type Seen, text } from '../../src/contract/index.ts';

/** One pool of pages, and what it shall hold: a node's, or the host's, which is spread over its nodes. */
export interface Pool extends Knob {
  readonly dir: string;
  readonly nodes: readonly string[];
}

export interface Resize {
  readonly pool: Pool;
  readonly change: Change;
}

/**
 * Says with each change what else the pools will read, so that in a check later tasks see the pages that there will be. Pages
 * that are added come free, and only free ones are taken away: set_max_huge_pages of the kernel's mm/hugetlb.c. Nothing is said
 * where that is not all of it: with surplus pages, which become others first; of the nodes that a total is spread over. Throws
 * `Problem` PagesInUse where pages are to go that are promised to a process: the kernel would keep them as surplus.
 */
export function foretellPools(
  resizes: readonly Resize[],
  host: string,
  dirOf: (node: string) => string,
  seen: Seen,
): Change[] {
  const count = (path: string): number | undefined => {
    const reading = seen.at(path);
    return reading.is === 'text' ? Number(reading.text) : undefined;
  };
  const pages = (dir: string, more: number) =>
    Object.entries({ nr: more, free: more, surplus: 0 }).flatMap(([name, by]) => {
      const path = `${dir}/${name}_hugepages`;
      const now = count(path);
      return now === undefined ? [] : [{ path, after: text(`${now + by}\n`) }];
    });
  const lent = count(`${host}/surplus_hugepages`) !== 0;
  const promised = count(`${host}/resv_hugepages`) ?? 0;
  const free = count(`${host}/free_hugepages`) ?? Number.POSITIVE_INFINITY;
  let onHost = 0;

  return resizes.map(({ pool, change }) => {
    const more = Number(pool.value) - (count(pool.path) ?? 0);
    onHost += more;
    if (more < 0 && free + onHost < promised)
      throw new Problem(
        'PagesInUse',
        `${pool.label}: ${promised} free pages are promised to processes that have not touched them yet, so it cannot go down to ${pool.value}`,
        'stop or move guests that have them first',
      );
    if (lent) return change;
    const [node, ...others] = pool.nodes;
    const moved = [
      ...(node !== undefined && others.length === 0 ? pages(dirOf(node), more) : []),
      ...pages(host, onHost),
    ].filter(({ path }) => path !== pool.path);
    // Moves with every pool, and is not foretold: who wants to know what memory is left sees by it that nobody can tell.
    const disturbs = [...(change.disturbs ?? []), file(`${host}/nr_hugepages_mempolicy`)];
    return { ...change, disturbs, moves: moved.map(({ path, after }) => ({ probe: file(path), after })) };
  });
}
