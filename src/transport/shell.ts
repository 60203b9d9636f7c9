import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Answer, type Remote, type Request, type Undone, Unreachable } from '../contract/index.ts';
import { execSeconds } from './action-script.ts';
import type { Channel } from './channel.ts';
import { composeFrame, sections } from './frame.ts';
import { guardScript, guardStateOf, refusedBy, undoneIn } from './guard.ts';
import { COMMAND_SECONDS, isOfGuests } from './probe-script.ts';
import { badPath, quote } from './quote.ts';
import { readingsOf } from './readings.ts';
import { resultsOf } from './results.ts';
import { type Upload, type Wire, wireOf } from './wire.ts';

export interface ShellOptions {
  /** The host's name, for messages. */
  readonly name: string;
  /** `kvmplay_root`: the directory that stands for the host's `/`. No commands run then. */
  readonly root?: string;
  /** How long a frame may take beside the time limits of the commands in it. Default 60 s. */
  readonly frameTimeoutMs?: number;
  /** The most bytes of one file or of one command's output. Default 8 MiB. */
  readonly outputLimitBytes?: number;
}

/** What the probes of one frame may bring in all, as a multiple of the limit on each. */
const ALL_TO_EACH = 16;
/** Room for what frames an answer, for the stderr of commands, and for what was printed before a greeting. */
const SLACK = 4 << 20;
/** A command that is told to end has 2 s before it is killed; what it left behind holds its output for 5 s at most. */
const ENDING_SECONDS = 7;

/**
 * A session with the `sh` at the other end of a channel, whatever was printed there before it. One shell serves all frames, one
 * frame at a time. Rejects with `Unreachable`: `NoShell`, `MissingTools`, `NoRoot`; later exchanges with `ConnectionLost`,
 * `FrameTimeout` or `Closed`, and so do all that follow.
 */
export async function openShell(channel: Channel, options: ShellOptions): Promise<Remote> {
  const { name, root, frameTimeoutMs = 60_000, outputLimitBytes = 8 << 20 } = options;
  const bad = root === undefined ? undefined : badPath(root);
  if (bad !== undefined) throw new Unreachable('NoRoot', `${name}: ${JSON.stringify(root)} cannot be its root: ${bad}`);
  const limits = { each: outputLimitBytes, all: outputLimitBytes * ALL_TO_EACH };
  const nonce = randomBytes(16).toString('base64url');
  const wire = wireOf(channel, name);
  const undone = await shakeHands(wire, nonce, options, frameTimeoutMs);

  let roundTrips = 0;
  let last: Promise<unknown> = Promise.resolve();
  let frames = 0;

  async function exchangeNow(request: Request): Promise<Answer> {
    frames += 1;
    const guard = guardScript(request, request.guard ? await libraries() : { all: '', guard: '' });
    const frame = composeFrame(request, `${nonce}.${frames}`, limits, root !== undefined, guard);
    const most = {
      ms: frameTimeoutMs + commandMs(request),
      bytes: limits.all + request.actions.length * limits.each + SLACK,
    };
    const isWhole = (tail: Buffer) => tail.subarray(-frame.end.length).equals(frame.end);
    const answer = await wire.ask(frame.script, isWhole, most, uploadsIn(request, frame.mark));
    roundTrips += 1;
    const parts = sections(answer.subarray(0, -frame.end.length), frame.mark);
    const state = guardStateOf(request.guard, parts);
    return {
      results: refusedBy(state, request.actions.length) ?? resultsOf(request.actions, parts, limits.each),
      readings: readingsOf(request.probes, parts, frame, limits.each),
      ...(state && { guard: state }),
    };
  }

  return {
    exchange(request) {
      const answer = last.then(() => exchangeNow(request));
      last = answer.catch(() => undefined);
      return answer;
    },
    get roundTrips() {
      return roundTrips;
    },
    close: () => wire.close(),
    undone,
  };
}

/** What the host asks for on its way, and how. */
const uploadsIn = ({ actions }: Request, mark: string): Upload[] =>
  actions.flatMap((action, index) =>
    action.do === 'upload' ? [{ when: Buffer.from(`\n${mark} u ${index}\n`), source: action.source }] : [],
  );

/** What the commands of a frame may take at most, each with what it takes to end it. */
function commandMs({ actions, probes }: Request): number {
  const commands = probes
    .filter(
      (probe, index) =>
        probe.kind === 'command' ||
        probe.kind === 'digest' ||
        (isOfGuests(probe) && probes.findIndex(isOfGuests) === index),
    )
    .map(() => COMMAND_SECONDS);
  const execs = actions.map(execSeconds).filter((seconds) => seconds > 0);
  return [...commands, ...execs].reduce((sum, seconds) => sum + (seconds + ENDING_SECONDS) * 1000, 0);
}

async function shakeHands(
  wire: Wire,
  nonce: string,
  { name, root }: ShellOptions,
  limitMs: number,
): Promise<readonly Undone[]> {
  // In two halves, so that what a terminal or a `set -v` echoes of it is not taken for the answer.
  const halves = `k_nonce1=${nonce.slice(0, 8)} k_nonce2=${nonce.slice(8)}`;
  const hello = `{\n${(await remoteSide()).session}${halves}\nk_boot ${quote(root ?? '')}\n} </dev/null\n`;
  const answered = (received: Buffer): RegExpExecArray | null =>
    new RegExp(`\n${nonce} (\\w+) ?(.*)\n`).exec(received.toString());
  const limits = { ms: limitMs, bytes: SLACK };
  const answer = await wire
    .ask(hello, (tail) => answered(tail) !== null, limits)
    .catch((error: Unreachable) => {
      throw new Unreachable('NoShell', error.message, 'what logs in there has to start a POSIX sh that reads commands');
    });
  const [, word, rest = ''] = answered(answer) ?? [];
  if (word === 'ready') return rest.split(';').flatMap((line) => undoneIn(line) ?? []);
  await wire.close();
  if (word === 'noroot') throw new Unreachable('NoRoot', `${name}: there is no directory ${root} to be its root`);
  throw new Unreachable(
    'MissingTools',
    `${name} lacks ${rest.split(' ').join(', ')}`,
    'kvmplay needs the GNU coreutils or busybox on a host, in the PATH that its sh has',
  );
}

let programs: Promise<{ readonly session: string; readonly guard: string }> | undefined;

/** The functions that frames use, without blank lines, comments and indentation: some shells read byte by byte. */
function remoteSide(): Promise<{ readonly session: string; readonly guard: string }> {
  programs ??= Promise.all(
    ['remote.sh', 'probes.sh', 'guests.sh', 'actions.sh', 'guard.sh'].map((file) =>
      readFile(new URL(file, import.meta.url), 'utf8').then((text) =>
        text.replaceAll(/^ *(#.*)?\n/gm, '').replaceAll(/^ +/gm, ''),
      ),
    ),
  ).then((texts) => ({ session: texts.slice(0, -1).join(''), guard: texts.at(-1) ?? '' }));
  return programs;
}

async function libraries() {
  const { session, guard } = await remoteSide();
  return { all: session + guard, guard };
}
