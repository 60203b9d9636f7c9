import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Seconds of wall clock, and of user and system time of the command and all that it started and waited for. */
export interface Cost {
  readonly wall: number;
  readonly cpu: number;
}

/** Linux reports CPU times in hundredths of a second, proc(5). */
const TICKS = 100;

/** Runs something that spawns from this process, and nothing else meanwhile. */
export async function costOf(work: () => Promise<void>): Promise<Cost> {
  const cpuBefore = childrenCpu();
  const started = performance.now();
  await work();
  return { wall: (performance.now() - started) / 1000, cpu: childrenCpu() - cpuBefore };
}

/** CPU time of processes that somebody detached: those with this word in their command line. */
export function detachedCpu(word: string): { readonly cpu: number; readonly pids: readonly number[] } {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && read(`/proc/${name}/cmdline`).includes(word))
    .map(Number);
  const cpu = pids.reduce((sum, pid) => sum + seconds(`/proc/${pid}/stat`, 11, 12), 0);
  return { cpu, pids };
}

export const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

interface Command {
  readonly argv: readonly string[];
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Exit statuses that are as they should be. Default 0. */
  readonly ok?: readonly number[];
}

/** Runs a command to its end and gives its output. Rejects, with its last words, where its exit status is another. */
export function finish({ argv, input = '', ok = [0], ...where }: Command): Promise<string> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { ...where, stdio: ['pipe', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  for (const output of [child.stdout, child.stderr]) output.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      const said = Buffer.concat(chunks).toString();
      if (ok.includes(code ?? -1)) resolve(said);
      else reject(new Error(`${argv.join(' ')} ended with ${code}:\n${said.slice(-2000)}`));
    });
  });
}

/** proc(5): cutime and cstime, of children that were waited for and theirs. */
const childrenCpu = (): number => seconds('/proc/self/stat', 13, 14);

function seconds(stat: string, ...fields: readonly number[]): number {
  const text = read(stat);
  const values = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields.reduce((sum, field) => sum + Number(values[field] ?? 0), 0) / TICKS;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // It has ended meanwhile.
  }
}
