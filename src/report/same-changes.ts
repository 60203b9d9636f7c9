/** What one result of a step says: what would change, and the lines about its host. */
export interface Said {
  readonly host: string;
  /** Of results of one host, which it is: a loop has one for each item. */
  readonly turn: number;
  readonly changes: string;
  readonly lines: string;
}

/** Results whose changes are the same, word for word: shown once, and then each host. */
export interface Alike {
  readonly hosts: readonly string[];
  readonly changes: string;
  readonly lines: readonly string[];
}

/**
 * A fleet differs in few ways: what is the same on several hosts is put together, where the first of them stands. Where no two
 * hosts have the same changes the order stays as it is.
 */
export function alike(all: readonly Said[]): Alike[] {
  const groups = new Map<string, { hosts: string[]; changes: string; lines: string[] }>();
  for (const [at, { host, turn, changes, lines }] of all.entries()) {
    // What changes nothing stays where it is.
    const key = changes === '' ? `${at}` : JSON.stringify([turn, changes]);
    const group = groups.get(key) ?? { hosts: [], changes, lines: [] };
    groups.set(key, group);
    group.hosts.push(host);
    group.lines.push(lines);
  }
  return [...groups.values()];
}
