import type { Probe } from '../contract/index.ts';
import { badPath, quote, unsendable } from './quote.ts';

/** A command that only reads has so many seconds. */
export const COMMAND_SECONDS = 60;

/** Why a probe cannot be asked of any host; undefined when it can. */
export function badProbe(probe: Probe): string | undefined {
  switch (probe.kind) {
    case 'command':
      return probe.argv.map(unsendable).find((why) => why !== undefined);
    case 'glob':
      return badPath(probe.pattern);
    default:
      return badPath(probe.path);
  }
}

/** The commands that read these probes, for remote.sh's functions. Those that cannot be asked are left out. */
export function probeScript(probes: readonly Probe[]): string {
  return probes.map((probe, index) => (badProbe(probe) === undefined ? `${line(probe, index)}\n` : '')).join('');
}

function line(probe: Probe, index: number): string {
  switch (probe.kind) {
    case 'file':
      return `k_file ${quote(probe.path)}`;
    case 'glob':
      return `k_glob ${index} ${globSteps(probe.pattern).map(quote).join(' ')}`;
    case 'command':
      return `k_command ${index} ${COMMAND_SECONDS} ${probe.argv.map(quote).join(' ')}`;
    default:
      return `k_${probe.kind} ${index} ${quote(probe.path)}`;
  }
}

/**
 * A shell pattern cut where names have to be matched: what goes before as it stands, then by turns one part to match and
 * what follows it as it stands. A backslash is nothing special.
 */
export function globSteps(pattern: string): string[] {
  const steps = [''];
  for (const part of pattern.split('/').slice(1)) {
    if (/[*?[]/.test(part)) steps.push(part.replaceAll('\\', '\\\\'), '');
    else steps[steps.length - 1] += `/${part}`;
  }
  return steps;
}
