/** Lets so many do something at the same time; the others wait in turn. */
export type Gate = <T>(work: () => Promise<T>) => Promise<T>;

export function makeGate(limit: number): Gate {
  let free = limit;
  const queue: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((go) => queue.push(go));
    try {
      return await work();
    } finally {
      const next = queue.shift();
      if (next) next();
      else free += 1;
    }
  };
}
