import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import picomatch from 'picomatch';
import { me } from '../me.ts';
import { matchesList } from './patterns.ts';
import { splitWords } from './words.ts';

interface Block {
  readonly patterns: readonly string[];
  /** It says another HostName, so that hosts it takes cannot be told apart by their names. */
  renames: boolean;
}

interface Blocks {
  readonly found: boolean;
  readonly blocks: readonly Block[];
  /** Some of it may depend on the host in ways that its `Host` lines do not show. */
  readonly unsure: boolean;
}

const SYSTEM = '/etc/ssh/ssh_config';

/**
 * Which hosts the ssh configuration treats alike, so that one `ssh -G` answers for them all: the answer to a thousand
 * hosts costs a thousand processes otherwise. Only `Host` lines are understood here; with anything else that may tell
 * hosts apart, each is asked for by itself. Undefined: there is no configuration at all.
 */
export function hostClasses(configFile?: string): ((host: string) => string) | undefined {
  const { found, blocks, unsure } = readBlocks(configFile);
  if (!found) return undefined;
  return (host) => {
    const taken = blocks.map((block) => matchesList(host, block.patterns));
    const alone = unsure || blocks.some((block, index) => block.renames && taken[index]);
    return alone ? `host ${host}` : taken.map(Number).join('');
  };
}

function readBlocks(configFile: string | undefined): Blocks {
  const user = join(me().home, '.ssh');
  const files =
    configFile === undefined
      ? [
          { file: join(user, 'config'), base: user },
          { file: SYSTEM, base: dirname(SYSTEM) },
        ]
      : [{ file: configFile, base: user }];
  const blocks: Block[] = [];
  let unsure = false;
  let found = false;

  const readOne = (file: string, base: string, depth: number): void => {
    const content = contentOf(file);
    if (content === undefined) return;
    found = true;
    let block: Block = { patterns: ['*'], renames: false };
    blocks.push(block);
    for (const line of content.split('\n')) {
      const [, keyword = '', rest = ''] = /^\s*(\w+)(?:\s*=\s*|\s+)(.*?)\s*$/.exec(line) ?? [];
      const values = splitWords(rest) ?? [];
      switch (keyword.toLowerCase()) {
        case 'host':
          block = { patterns: values, renames: false };
          blocks.push(block);
          break;
        case 'hostname':
          block.renames = true;
          break;
        case 'include':
          for (const pattern of values) {
            const included = depth < 16 ? expand(pattern, base) : undefined;
            if (!included) unsure = true;
            else for (const one of included) readOne(one, base, depth + 1);
          }
          break;
        case 'match':
        case 'canonicalizehostname':
        case 'canonicaldomains':
          unsure = true;
      }
    }
  };
  for (const { file, base } of files) readOne(file, base, 0);
  return { found, blocks, unsure };
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** The files that an Include names; undefined when that is not plain to see. */
function expand(pattern: string, base: string): readonly string[] | undefined {
  const home = pattern.replace(/^~(?=\/)/, me().home);
  const path = isAbsolute(home) ? home : join(base, home);
  const folder = dirname(path);
  if (/[%$~]/.test(path) || /[*?[{]/.test(folder)) return undefined;
  if (!existsSync(folder)) return [];
  const isMatch = picomatch(basename(path));
  return readdirSync(folder)
    .filter((name) => isMatch(name))
    .sort()
    .map((name) => join(folder, name));
}
