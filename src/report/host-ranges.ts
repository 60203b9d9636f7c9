/** Hosts in few words, as an inventory would name them: `hv[01:12], gw1`. */
export function hostRanges(hosts: readonly string[]): string {
  const names = [...new Set(hosts)].sort(byNumbers);
  const runs: [first: string, last: string][] = [];
  for (const name of names) {
    const run = runs.at(-1);
    if (run && next(run[1]) === name) run[1] = name;
    else runs.push([name, name]);
  }
  return runs.map(rangeOf).join(', ');
}

/** `hv`, `09`, `.example.org`: the number that counts hosts is the last one in a name's first label. */
const SPLIT = /^([^.]*?)(\d{1,9})(\D*|[^\d.]*\..*)$/;

function partsOf(name: string): [string, string, string] | undefined {
  const [, head, digits, tail] = SPLIT.exec(name) ?? [];
  return head === undefined || digits === undefined || tail === undefined ? undefined : [head, digits, tail];
}

/** The name after this one in a series: hv09 → hv10. */
function next(name: string): string | undefined {
  const parts = partsOf(name);
  if (!parts) return undefined;
  const [head, digits, tail] = parts;
  return `${head}${String(Number(digits) + 1).padStart(digits.length, '0')}${tail}`;
}

function rangeOf([first, last]: readonly [string, string]): string {
  const [from, to] = [partsOf(first), partsOf(last)];
  if (first === last || !from || !to) return first;
  return `${from[0]}[${from[1]}:${to[1]}]${from[2]}`;
}

function byNumbers(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true }) || (a < b ? -1 : 1);
}
