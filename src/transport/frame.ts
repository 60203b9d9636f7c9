import { randomBytes } from 'node:crypto';
import type { Request } from '../contract/index.ts';
import { actionScript } from './action-script.ts';
import { probeScript } from './probe-script.ts';

export interface Frame {
  /** Goes before every section of the answer and is known to nobody else. */
  readonly mark: string;
  /** The last bytes of the answer. */
  readonly end: Buffer;
  /** Goes before the names that head(1) prints. */
  readonly salt: string;
  /** Names temporary files, and goes before each guest that virsh prints. */
  readonly random: string;
  readonly script: string;
}

/** What of a frame's script is before its actions, and behind them. */
export interface GuardScript {
  readonly before: string;
  readonly after: string;
}

/** A part of an answer: `t 3 0` and what came after it. */
export interface Section {
  readonly head: string;
  readonly body: Buffer;
}

/** The most of one file or of a command's output, and of all that the probes of a frame bring. In bytes. */
export interface Limits {
  readonly each: number;
  readonly all: number;
}

/**
 * One request as a script for remote.sh. It is one command, which sh reads whole before it runs any of it: a frame that was cut
 * off on its way does nothing, and what is sent while it runs is left to it. In a subshell, so that nothing of a frame stays behind
 * in the session. Its descriptor 9 is the session's input, for uploads.
 */
export function composeFrame(
  request: Request,
  mark: string,
  limits: Limits,
  rooted: boolean,
  guard: GuardScript = UNGUARDED,
): Frame {
  const salt = newSalt();
  const random = randomBytes(8).toString('hex');
  const uploads = request.actions.some((action) => action.do === 'upload');
  const script = `{ (
k_mark=${mark} k_salt=${salt} k_random=${random} k_limit=${limits.each + 1} k_list= k_few=
${guard.before}${actionScript(request.actions)}:
${guard.after}{
exec 3>&1
${probeScript(request.probes, rooted)}k_probes_done
} | head -c ${limits.all}
)${uploads ? ' 9<&0' : ''} </dev/null
printf '\\n%s end\\n' ${mark}
}
`;
  return { mark, end: Buffer.from(`\n${mark} end\n`), salt, random, script };
}

const UNGUARDED: GuardScript = { before: '', after: '' };

/** 48 random bits, spelt so that a path means the same with them before it. */
function newSalt(): string {
  const bits = randomBytes(6).readUIntBE(0, 6).toString(2).padStart(48, '0');
  return bits.replaceAll('0', '/').replaceAll('1', '/.');
}

/** The sections of an answer, without the line that ends it. */
export function sections(answer: Buffer, mark: string): Section[] {
  const found: Section[] = [];
  const begin = Buffer.from(`\n${mark} `);
  for (let at = answer.indexOf(begin); at !== -1; ) {
    const next = answer.indexOf(begin, at + begin.length);
    const part = answer.subarray(at + begin.length, next === -1 ? answer.length : next);
    const headEnd = part.indexOf('\n');
    found.push({ head: part.toString('latin1', 0, headEnd), body: part.subarray(headEnd + 1) });
    at = next;
  }
  return found;
}
