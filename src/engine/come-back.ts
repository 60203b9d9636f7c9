import { setTimeout as sleep } from 'node:timers/promises';
import {
  command,
  complaintOf,
  file,
  type Probe,
  Problem,
  type Reading,
  type Reboot,
  type Remote,
  Unreachable,
} from '../contract/index.ts';

const BOOT_ID = file('/proc/sys/kernel/random/boot_id');

/** What no waiting mends. */
const FINAL = ['Interrupted', 'HostKeyUnknown', 'HostKeyChanged', 'HostKeyRevoked'];

/** Opens a connection that is new, within so many seconds where that is said. Rejects with `Unreachable`. */
type DialNew = (seconds: number | undefined) => Promise<Pick<Remote, 'exchange' | 'close'>>;

/**
 * Wait until a host has another boot id, and its test ends with 0. Every look is a connection of its own, since none outlives
 * a boot, and a host that goes down may leave one hanging. Gives the seconds that it took.
 * @throws Problem RebootTimeout, NotRebooted or TestCommandFailed when the time is over, Abandoned when `isGivenUp`;
 *   Unreachable when interrupted, or when another host answers.
 */
export async function comeBack(dial: DialNew, how: Reboot, isGivenUp: () => boolean): Promise<number> {
  const began = Date.now();
  await sleep(how.after * 1000);
  await until(how, false, isGivenUp, async () => {
    const boot = await look(dial, how, BOOT_ID);
    if (boot?.is === 'text' && boot.text.trim() !== how.boot) return undefined;
    return new Problem(
      'NotRebooted',
      `${how.seconds} s after it was told to reboot it still runs as it was booted before`,
      'look there at what holds it up: systemctl list-jobs, systemd-inhibit --list',
      { rebooted: false },
    );
  });
  const { test } = how;
  if (test)
    await until(how, true, isGivenUp, async () => {
      const output = await look(dial, how, command(...test));
      return output?.is === 'output' && output.status === 0 ? undefined : failedTest(test, how, output);
    });
  return Math.round((Date.now() - began) / 1000);
}

/** Look again and again, until nothing is wrong any more; what was wrong last is thrown. */
async function until(
  { seconds, every }: Reboot,
  rebooted: boolean,
  isGivenUp: () => boolean,
  wrong: () => Promise<Problem | undefined>,
): Promise<void> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    if (isGivenUp()) throw new Problem('Abandoned', 'it was no longer waited for: its connections were closed');
    const problem = await wrong().catch((error: unknown) => {
      if (!(error instanceof Unreachable) || FINAL.includes(error.code)) throw error;
      return new Problem(
        'RebootTimeout',
        `it was told to reboot, and cannot be reached ${seconds} s after: ${error.message}`,
        'look at its console; reboot_timeout gives it longer',
        { rebooted },
      );
    });
    if (!problem) return;
    if (Date.now() + every * 1000 > end) throw problem;
    await sleep(every * 1000);
  }
}

async function look(dial: DialNew, { connect }: Reboot, probe: Probe): Promise<Reading | undefined> {
  const remote = await dial(connect);
  try {
    return (await remote.exchange({ actions: [], probes: [probe] })).readings[0];
  } finally {
    await remote.close().catch(() => {});
  }
}

function failedTest(test: readonly string[], { seconds }: Reboot, reading: Reading | undefined): Problem {
  const said = reading?.is === 'output' ? `status ${reading.status}: ${complaintOf(reading)}` : '';
  const why = reading?.is === 'absent' ? 'there is no such command' : reading?.is === 'refused' ? reading.why : said;
  return new Problem(
    'TestCommandFailed',
    `it was rebooted and answers, and "${test.join(' ')}" still fails ${seconds} s after: ${why.replace(/: $/, '')}`,
    undefined,
    { rebooted: true },
  );
}
