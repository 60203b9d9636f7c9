import { readFileSync } from 'node:fs';

let boot: string | undefined;
let isRead = false;

/** The boot id of the machine that kvmplay runs on; undefined where it has none. */
export function ownBoot(): string | undefined {
  if (!isRead) boot = read();
  isRead = true;
  return boot;
}

function read(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return undefined;
  }
}
