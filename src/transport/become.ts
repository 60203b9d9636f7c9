import { randomBytes } from 'node:crypto';
import { Unreachable } from '../contract/index.ts';
import type { Channel } from './channel.ts';
import type { Become } from './target.ts';

/** How to have a shell as another user, and how to see that it is there. */
export interface Way {
  /** Nothing in it that would need more than single quotes, whatever the login shell. */
  readonly argv: readonly [string, ...string[]];
  /** Resolves once the other user's `sh` reads the channel's stdin. Else the channel is killed. */
  enter(channel: Channel, host: string, timeoutMs: number): Promise<void>;
}

/**
 * The way to another user's `sh`. The password goes to stdin when it is asked for, so it is in no argument and no
 * environment; without one, sudo is told not to ask. Neither sudo nor su wants a terminal for that. What is printed before
 * the shell stands, by profiles, the lecture or PAM, is passed over.
 *
 * `enter` rejects with `Unreachable`: `BecomePasswordNeeded`, `BecomePasswordWrong`, `BecomeFailed`.
 */
export function wayTo(become: Become): Way {
  const nonce = randomBytes(12).toString('hex');
  const marks = {
    begin: `kvmplay-${nonce}-begin`,
    prompt: `kvmplay-${nonce}-password:`,
    ready: `kvmplay-${nonce}-ready`,
  };
  // Put together where it is printed, so that a shell that shows what it runs does not show the mark.
  const begin = `printf kvmplay-%s-begin ${nonce}; printf kvmplay-%s-begin ${nonce} >&2; exec "$@"`;
  const shell = `printf kvmplay-%s-ready ${nonce}; exec /bin/sh`;
  const sudo = ['sudo', '-H', ...(become.password ? ['-S', '-p', marks.prompt] : ['-n']), '-u', become.user, '--'];
  const other =
    become.method === 'sudo' ? [...sudo, '/bin/sh', '-c', shell] : ['su', '-s', '/bin/sh', '-c', shell, become.user];
  return {
    // In the C locale, since what they say is looked at.
    argv: ['/bin/sh', '-c', begin, 'sh', 'env', 'LC_ALL=C', ...other],
    enter: (channel, host, timeoutMs) => enter(channel, { become, host, timeoutMs, marks }),
  };
}

interface Entering {
  readonly become: Become;
  readonly host: string;
  readonly timeoutMs: number;
  readonly marks: { readonly begin: string; readonly prompt: string; readonly ready: string };
}

async function enter(channel: Channel, entering: Entering): Promise<void> {
  const { become, marks, host, timeoutMs } = entering;
  const password = become.password?.();
  const heard = { stdout: '', stderr: '' };
  let unanswered = '';
  let answers = 0;
  let timer: NodeJS.Timeout | undefined;

  const isAsked = (): boolean =>
    become.method === 'sudo' ? unanswered.includes(marks.prompt) : /password[^\n]*: *$/i.test(unanswered);
  try {
    await new Promise<void>((resolve, reject) => {
      const hear = (stream: 'stdout' | 'stderr') => (text: string) => {
        heard[stream] += text;
        unanswered += text;
        if (heard.stdout.includes(marks.ready)) resolve();
        else if (!isAsked()) return;
        else if (password === undefined) reject(needed(entering));
        else if (answers > 0) reject(wrong(entering));
        else {
          answers++;
          unanswered = '';
          channel.stdin.write(`${password}\n`);
        }
      };
      channel.stdout.on('data', after(marks.begin, hear('stdout')));
      channel.stderr.on('data', after(marks.begin, hear('stderr')));
      void channel.closed.then(({ code }) => {
        // The last words may still be on their way.
        const words = () =>
          heard.stderr
            .replaceAll(marks.prompt, '')
            .replaceAll(password || marks.prompt, '***')
            .trim();
        setImmediate(() => reject(ended(entering, code, words(), answers > 0)));
      });
      timer = setTimeout(
        () =>
          reject(new Unreachable('BecomeFailed', `${host}: ${become.method} took longer than ${timeoutMs / 1000} s`)),
        timeoutMs,
      );
    });
  } catch (error) {
    channel.kill();
    throw error;
  } finally {
    clearTimeout(timer);
    channel.stdout.removeAllListeners('data');
    channel.stderr.removeAllListeners('data');
  }
}

/** Hears what comes after the mark. */
function after(mark: string, hear: (text: string) => void): (chunk: Buffer) => void {
  let before: string | undefined = '';
  return (chunk) => {
    if (before === undefined) return hear(chunk.toString());
    before += chunk.toString();
    const at = before.indexOf(mark);
    if (at < 0) return;
    const text = before.slice(at + mark.length);
    before = undefined;
    hear(text);
  };
}

const who = ({ become, host }: Entering): string => `${host}: cannot become ${become.user} by ${become.method}`;

const needed = (entering: Entering): Unreachable =>
  new Unreachable(
    'BecomePasswordNeeded',
    `${who(entering)}: it wants a password`,
    'give it with -K or ansible_become_password',
  );

const wrong = (entering: Entering): Unreachable =>
  new Unreachable('BecomePasswordWrong', `${who(entering)}: the password is wrong`);

/** Why there is no shell, by what sudo and su say in the C locale. */
function ended(entering: Entering, code: number | null, words: string, answered: boolean): Unreachable {
  const { become, host } = entering;
  const fail = (why: string, hint?: string) => new Unreachable('BecomeFailed', `${who(entering)}: ${why}`, hint);
  if (/a password is required|no askpass program/.test(words)) return needed(entering);
  if (answered && /incorrect|Authentication failure|Sorry, try again/i.test(words)) return wrong(entering);
  if (/not in the sudoers|may not run|is not allowed to/.test(words))
    return fail(words, `allow it in the sudoers file of ${host}`);
  if (/must have a tty|must be run from a terminal/.test(words))
    return fail(words, 'let it work without a terminal: "Defaults !requiretty" in its sudoers file');
  if (code === 127 || /: (not found|No such file or directory)/.test(words))
    return fail(words || `there is no ${become.method} on the host`);
  if (code === null && words === '')
    return new Unreachable('ConnectionLost', `${host}: the connection was lost while becoming ${become.user}`);
  return fail(words || `it ended with status ${code}`);
}
