import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { keepSecret } from '../source/secrets.ts';

/** Asks on the terminal without showing what is typed. Undefined where there is no terminal. */
export async function askSecret(prompt: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined;
  process.stderr.write(prompt);
  const hidden = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: hidden, terminal: true });
  try {
    return await new Promise<string | undefined>((resolve) => {
      lines.once('line', (line) => {
        keepSecret(line);
        resolve(line);
      });
      lines.once('close', () => resolve(undefined));
      lines.once('SIGINT', () => {
        process.stderr.write('\n');
        process.kill(process.pid, 'SIGINT');
        lines.close();
      });
    });
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}

export type Ask = (question: string) => Promise<string | undefined>;

/**
 * Asks questions, and shows what is typed. Undefined where the input ends, or is interrupted. Lines that come in at once
 * answer one question after the other.
 */
export function makeAsk(): Ask {
  const early: string[] = [];
  return async (question) => {
    const known = early.shift();
    if (known !== undefined) {
      process.stderr.write(`${question}\n`);
      return known;
    }
    if (process.stdin.readableEnded) return undefined;
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return await new Promise((resolve) => {
        let answered = false;
        lines.on('line', (line) => {
          if (answered) early.push(line);
          answered = true;
          resolve(line);
        });
        lines.once('close', () => resolve(undefined));
        lines.once('SIGINT', () => {
          // Whoever listens has heard of it before the question ends.
          process.once('SIGINT', () => setImmediate(() => lines.close()));
          process.kill(process.pid, 'SIGINT');
        });
        lines.setPrompt(question);
        lines.prompt();
      });
    } finally {
      lines.close();
    }
  };
}
