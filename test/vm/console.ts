import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** What the host's last unit prints (image/configure.sh): sshd answers. */
const READY = 'KVMPLAY-VM-READY';
const LIMIT_MS = 600_000;

/**
 * Does what makes the host boot and waits until its console says that it is up. `ended` tells that it never will be.
 * Throws with the console's last lines.
 */
export async function saidReady(path: string, boot: () => unknown, ended = () => false): Promise<void> {
  const times = readIfThere(path).split(READY).length;
  boot();
  const limit = Date.now() + LIMIT_MS;
  for (;;) {
    const text = readIfThere(path);
    if (text.split(READY).length > times) return;
    const why = ended() ? 'qemu ended' : Date.now() > limit ? `no answer in ${LIMIT_MS / 1000} s` : undefined;
    if (why) throw new Error(`the emulated host did not boot: ${why}\n${text.split('\n').slice(-15).join('\n')}`);
    await sleep(250);
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
