import { existsSync, readFileSync } from 'node:fs';
import { cpuSet, formatCpuSet } from '../../src/contract/index.ts';

/** What another tool says of a machine: groups of CPUs by kind, as sorted kernel lists. */
export type Groups = Readonly<Record<string, readonly string[]>>;

export interface LstopoObject {
  /** `Package`, `L3`, `Core`, `PU`, `NUMANode` … */
  readonly type: string;
  readonly number: number | undefined;
  /** What stands in brackets: a size. */
  readonly size: string | undefined;
  readonly cpus: string;
}

export function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

export const inOrder = (lists: Iterable<string>): string[] => [...new Set(lists)].sort();

/** lscpu's parsable form: CPUs with the same number in a column belong together. Blocks without any numbers say nothing. */
export function lscpuGroups(csv: string): Groups {
  const lines = csv.split('\n');
  const start = lines.findIndex((line) => line.startsWith('# CPU,'));
  const columns = (lines[start] ?? '').slice(2).split(',');
  const rows: string[][] = [];
  for (const line of lines.slice(start + 1)) {
    if (!/^\d/.test(line)) break;
    rows.push(line.split(','));
  }
  const groups: Record<string, string[]> = {};
  columns.forEach((column, at) => {
    if (column === '' || column === 'CPU' || column === 'Online') return;
    const members = new Map<string, number[]>();
    for (const row of rows) if (row[at]) members.set(row[at], [...(members.get(row[at]) ?? []), Number(row[0])]);
    if (members.size > 0) groups[column] = inOrder([...members.values()].map((cpus) => formatCpuSet(cpuSet(cpus))));
  });
  return groups;
}

/** lstopo's text: a tree by indentation, `A + B` being A with B alone in it. A NUMA node has the CPUs of what it hangs on. */
export function lstopoObjects(text: string): LstopoObject[] {
  type Open = {
    depth: number;
    type: string;
    number: number | undefined;
    size: string | undefined;
    cpus: number[];
    parent: Open | undefined;
  };
  const all: Open[] = [];
  let stack: Open[] = [];
  for (const line of text.split('\n').filter((one) => one.trim() !== '')) {
    const depth = line.length - line.trimStart().length;
    stack = stack.filter((open) => open.depth < depth);
    for (const word of line.trim().split(' + ')) {
      const [, type = '', number, size] =
        /^([A-Za-z]+\d?[di]?)(?:\([^)]*\))?(?: P#(\d+))?(?: \(([^)]*)\))?/.exec(word) ?? [];
      const open: Open = {
        depth,
        type,
        number: number === undefined ? undefined : Number(number),
        size,
        cpus: [],
        parent: stack.at(-1),
      };
      stack.push(open);
      all.push(open);
      if (type === 'PU') for (let at: Open | undefined = open; at; at = at.parent) at.cpus.push(Number(number));
    }
  }
  return all.map(({ type, number, size, cpus, parent }) => ({
    type,
    number,
    size,
    cpus: formatCpuSet(cpuSet(type === 'NUMANode' ? (parent?.cpus ?? []) : cpus)),
  }));
}

/** The attributes of every `<name …>` in an XML text. */
export function elements(xml: string, name: string): Record<string, string>[] {
  return [...xml.matchAll(new RegExp(`<${name}\\s([^>]*)>`, 'g'))].map(([, inside = '']) =>
    Object.fromEntries([...inside.matchAll(/(\w+)='([^']*)'/g)].map(([, key = '', value = '']) => [key, value])),
  );
}
