import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { type SourceFile, Unreachable } from '../contract/index.ts';
import type { Channel } from './channel.ts';

/** How long a shell has to end by itself once its input is closed, and to say how it ended. */
const GRACE_MS = 2000;
/** How much of the end of what was received is looked at for the end of an answer. */
const TAIL_BYTES = 4096;

/** A channel that is asked one thing at a time. */
export interface Wire {
  /** Send, and wait until the last bytes received are the last of the answer. Beyond a limit the channel is killed. */
  ask(
    script: string,
    isWhole: (tail: Buffer) => boolean,
    limits: { readonly ms: number; readonly bytes: number },
    uploads?: readonly Upload[],
  ): Promise<Buffer>;
  close(): Promise<void>;
}

/** What is sent when the answer comes to these bytes, with which it pauses. */
export interface Upload {
  readonly when: Buffer;
  readonly source: SourceFile;
}

interface Question {
  readonly isWhole: (tail: Buffer) => boolean;
  readonly chunks: Buffer[];
  /** How many more bytes it may have. */
  room: number;
  tail: Buffer;
  /** Still to come, in this order or not at all. */
  uploads: readonly Upload[];
  /** Something went on: the time that it may take begins anew. */
  readonly alive: () => void;
  readonly resolve: (answer: Buffer) => void;
  readonly reject: (error: Unreachable) => void;
}

export function wireOf(channel: Channel, name: string): Wire {
  let question: Question | undefined;
  let broken: Unreachable | undefined;
  let complaints = '';

  function breakOff(code: string, message: string, hint?: string): void {
    broken ??= new Unreachable(code, `${name}: ${message}`, hint);
    question?.reject(broken);
    question = undefined;
    channel.kill();
  }

  channel.stdin.on('error', () => {
    // `closed` tells that nobody reads any more, and why.
  });
  channel.stderr.on('data', (chunk: Buffer) => {
    complaints = (complaints + chunk.toString()).slice(-2000);
  });
  channel.stdout.on('data', (chunk: Buffer) => {
    if (!question) return;
    question.chunks.push(chunk);
    question.room -= chunk.length;
    if (question.room < 0) return breakOff('AnswerTooLarge', 'the host sent more than it was asked for');
    question.tail = Buffer.concat([question.tail, chunk]).subarray(-TAIL_BYTES);
    const { tail } = question;
    const at = question.uploads.findIndex(({ when }) => tail.subarray(-when.length).equals(when));
    const upload = question.uploads[at];
    if (upload) {
      question.uploads = question.uploads.slice(at + 1);
      void send(channel, upload.source, question.alive, () => broken === undefined).catch((error: Error) =>
        breakOff('UploadFailed', `${upload.source.path} could not be sent: ${error.message}`),
      );
    }
    if (!question.isWhole(question.tail)) return;
    question.resolve(Buffer.concat(question.chunks));
    question = undefined;
  });
  channel.stdout.on('end', async () => {
    const end = await Promise.race([channel.closed, after(GRACE_MS)]);
    breakOff('ConnectionLost', `the connection was lost${howEnded(end)}${lastWords()}`);
  });
  void channel.closed.then((end) => {
    // What the process printed last may still be on its way.
    setImmediate(() => breakOff('ConnectionLost', `the connection was lost${howEnded(end)}${lastWords()}`));
  });

  const lastWords = (): string => (complaints.trim() === '' ? '' : `: ${complaints.trim()}`);

  return {
    async ask(script, isWhole, { ms, bytes }, uploads = []) {
      if (broken) throw broken;
      const timer = setTimeout(() => breakOff('FrameTimeout', `no answer within ${ms / 1000} s${lastWords()}`), ms);
      try {
        return await new Promise<Buffer>((resolve, reject) => {
          const alive = () => void timer.refresh();
          question = { isWhole, chunks: [], room: bytes, tail: Buffer.alloc(0), uploads, alive, resolve, reject };
          channel.stdin.write(swiftly(script));
        });
      } finally {
        clearTimeout(timer);
      }
    },
    async close() {
      broken ??= new Unreachable('Closed', `${name}: the session was closed`);
      question?.reject(broken);
      question = undefined;
      channel.stdin.end();
      await Promise.race([channel.closed, after(GRACE_MS)]);
      channel.kill();
    },
  };
}

/** No faster than the channel takes it: there is never more of it in memory than a few chunks. */
async function send(channel: Channel, source: SourceFile, alive: () => void, goesOn: () => boolean): Promise<void> {
  let left = source.size;
  const { stdin } = channel;
  for await (const chunk of createReadStream(source.path, { end: source.size - 1, highWaterMark: 1 << 16 })) {
    left -= chunk.length;
    if (!stdin.write(chunk)) await Promise.race([once(stdin, 'drain'), channel.closed]);
    if (!goesOn()) return;
    alive();
  }
  if (left !== 0) throw new Error(`it is ${left} bytes shorter than it was`);
}

/**
 * bash reads a script from a pipe byte by byte, one system call for each, so that what follows is left to the commands. Let it
 * take the whole script in one go instead. Other shells pass over the first line and read on.
 */
const swiftly = (script: string): string =>
  `case \${BASH_VERSION-} in ?*) eval "$(head -c ${Buffer.byteLength(script)})" ;; esac\n${script}`;

const after = (ms: number): Promise<undefined> =>
  new Promise((resolve) => setTimeout(() => resolve(undefined), ms).unref());

function howEnded(end: Awaited<Channel['closed']> | undefined): string {
  if (end?.signal) return ` (ended by ${end.signal})`;
  return typeof end?.code === 'number' ? ` (exit status ${end.code})` : '';
}
