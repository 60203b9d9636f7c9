import { mistake, UserError } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import { parseAddress } from './address.ts';
import { matchesGlob } from './glob.ts';
import { implicitLocalhost, LOCALHOST } from './localhost.ts';
import { strip } from './python-text.ts';
import { matcherOf } from './regex.ts';
import type { Group, Host, Inventory } from './types.ts';

const SUBSCRIPT = /^(.+)\[(?:(-?[0-9]+)|([0-9]+)([:-])([0-9]*))\]$/s;
const SEPARATED_BY_COLONS = /(?:[^\s:[\]]|\[[^\]]*\])+/g;

/** Hosts in Ansible's order, and what an operator should know of how they were found. */
export interface Selection {
  readonly hosts: readonly Host[];
  readonly warnings: readonly string[];
}

/**
 * The hosts that a pattern names, and a limit too if there is one. A limit is a list of patterns, as `limitPatterns`
 * gives it. Throws `UserError`: `EmptyPattern`, `BadPattern`, `UnsupportedPattern`, `SliceOutOfRange`.
 */
export function select(inventory: Inventory, pattern: string, limit: readonly string[] = []): Selection {
  const finder = new Finder(inventory);
  const hosts = finder.evaluate(splitPattern(pattern));
  if (limit.length === 0) return { hosts: [...new Set(hosts)], warnings: finder.warnings };
  const allowed = new Set(finder.evaluate(limit));
  return { hosts: [...new Set(hosts)].filter((host) => allowed.has(host)), warnings: finder.warnings };
}

/**
 * A pattern's parts: split at commas, or where there are none and it is no address or range, at colons. White space and
 * empty parts do not count.
 */
export function splitPattern(pattern: string): string[] {
  const parts = pattern.includes(',')
    ? pattern.split(',')
    : parseAddress(pattern)
      ? [pattern]
      : (pattern.match(SEPARATED_BY_COLONS) ?? []);
  return parts.map(strip).filter((part) => part !== '');
}

/** The hosts of a group and of all below it, each level before the next. */
export function hostsOf(group: Group): Host[] {
  const hosts = new Set<Host>(group.hosts);
  const seen = new Set<Group>([group]);
  for (let level: readonly Group[] = group.children; level.length > 0; ) {
    const fresh = [...new Set(level)].filter((one) => !seen.has(one));
    for (const one of fresh) {
      seen.add(one);
      for (const host of one.hosts) hosts.add(host);
    }
    level = fresh.flatMap((one) => one.children);
  }
  return [...hosts];
}

class Finder {
  readonly #inventory: Inventory;
  readonly #warnings = new Set<string>();
  readonly #known = new Map<string, readonly Host[]>();
  #implicit: Host | undefined;

  constructor(inventory: Inventory) {
    this.#inventory = inventory;
  }

  get warnings(): string[] {
    return [...this.#warnings];
  }

  /** What is to be added comes first, then what must be in it (`&`), then what must not (`!`), however it is written. */
  evaluate(patterns: readonly string[]): Host[] {
    const starting = (char: string) => patterns.filter((one) => one.startsWith(char));
    const plain = patterns.filter((one) => one !== '' && !/^[!&]/.test(one));
    const hosts = new Set<Host>();
    for (const one of plain.length > 0 ? plain : ['all']) for (const host of this.#match(one)) hosts.add(host);
    for (const one of starting('&')) {
      const wanted = new Set(this.#match(one));
      for (const host of hosts) if (!wanted.has(host)) hosts.delete(host);
    }
    for (const one of starting('!')) for (const host of this.#match(one)) hosts.delete(host);
    return [...hosts];
  }

  #match(written: string): readonly Host[] {
    const host = this.#inventory.hosts.get(written);
    if (host) return [host];
    const pattern = written.replace(/^[!&]/, '');
    const hosts = this.#known.get(pattern) ?? this.#sliced(pattern, written);
    this.#known.set(pattern, hosts);
    return hosts;
  }

  #sliced(pattern: string, written: string): readonly Host[] {
    if (pattern === '') {
      const message = `in the host pattern "${written}" names no hosts`;
      throw new UserError([
        mistake('EmptyPattern', message, undefined, 'write it before a name, without a space: "a:&b"'),
      ]);
    }
    const subscript = pattern.startsWith('~') ? null : SUBSCRIPT.exec(pattern);
    if (!subscript) return this.#named(pattern);
    const [, expression = '', index, start = '', separator, end] = subscript;
    const hosts = this.#named(expression);
    if (separator === '-') this.#warnings.add('[x-y] in a host pattern is read as [x:y], both ends included');
    if (hosts.length === 0) return hosts;
    const first = Number(index ?? start);
    // Ansible takes a slice that ends at 0 for an index.
    if (end === '') return hosts.slice(first);
    if (Number(end ?? 0) > 0) return hosts.slice(first, Number(end) + 1);
    const host = hosts.at(first);
    if (host) return [host];
    const message = `the host pattern "${pattern}" asks for one host of ${hosts.length}, which does not exist`;
    throw new UserError([mistake('SliceOutOfRange', message, undefined, 'the first host is [0], the last one [-1]')]);
  }

  /** What a name, a glob or a `~regex` stands for: groups first, then hosts. One host may come twice. */
  #named(pattern: string): Host[] {
    const { groups, hosts } = this.#inventory;
    const matches = pattern.startsWith('~')
      ? matcherOf(pattern.slice(1))
      : (name: string) => matchesGlob(name, pattern);
    const matching = [...groups.values()].filter(({ name }) => matches(name));
    const found = matching.flatMap(hostsOf);
    if (matching.length === 0 || /^~|[.?*[]/.test(pattern))
      for (const host of hosts.values()) if (matches(host.name)) found.push(host);
    if (found.length === 0 && LOCALHOST.includes(pattern)) {
      this.#implicit ??= [...hosts.values()].find(({ name }) => LOCALHOST.includes(name)) ?? implicitLocalhost(pattern);
      found.push(this.#implicit);
    }
    if (found.length === 0 && matching.length === 0 && pattern !== 'all') {
      const guess = didYouMean(pattern, [...groups.keys(), ...hosts.keys()]);
      this.#warnings.add(`no host or group matches "${pattern}"${guess ? `: ${guess}` : ''}`);
    }
    return found;
  }
}
