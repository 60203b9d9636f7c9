import type { Probe } from '../contract/index.ts';
import { badArgument, badPath, quote } from './quote.ts';

/** A command that only reads has so many seconds. */
export const COMMAND_SECONDS = 60;

/** Why a probe cannot be asked of any host; undefined when it can. */
export function badProbe(probe: Probe): string | undefined {
  switch (probe.kind) {
    case 'command':
      return probe.argv.map(badArgument).find((why) => why !== undefined);
    case 'glob':
      return badPath(probe.pattern);
    case 'domain':
    case 'domains':
      return undefined;
    default:
      return badPath(probe.path);
  }
}

/** The commands that read these probes, for probes.sh's functions. Those that cannot be asked are left out. */
export function probeScript(probes: readonly Probe[], rooted: boolean): string {
  const plain: string[] = [];
  let script = '';
  const guests = probes.findIndex(isOfGuests);
  for (const [index, probe] of probes.entries()) {
    if (badProbe(probe) !== undefined || (isOfGuests(probe) && index !== guests)) continue;
    if (probe.kind === 'file' && isPlain(probe.path)) plain.push(quote(probe.path));
    else script += `${line(probe, index, rooted)}\n`;
  }
  return `k_files ${plain.join(' ')}\n${script}`;
}

/** All that is asked of guests is answered by the one look at them that the first such probe takes. */
export const isOfGuests = ({ kind }: Probe): boolean => kind === 'domain' || kind === 'domains';

/** Whether probes.sh would read it together with others, as far as its path tells. */
const isPlain = (path: string): boolean =>
  /^[\w./:@%+=,-]+$/.test(path) && !/\/(?:proc\/kmsg|trace_pipe(?:_raw)?|cmdline|environ)$/.test(path);

function line(probe: Probe, index: number, rooted: boolean): string {
  switch (probe.kind) {
    case 'file':
      return `k_read ${quote(probe.path)}`;
    case 'glob':
      return rooted
        ? `k_probe=${index}; k_expand ${globSteps(probe.pattern).map(quote).join(' ')}`
        : `set +f; k_found ${index} ${quotePattern(probe.pattern)}`;
    case 'command':
      return `k_command ${index} ${COMMAND_SECONDS} ${probe.argv.map(quote).join(' ')}`;
    case 'domain':
    case 'domains':
      return `k_domains ${index} ${COMMAND_SECONDS}`;
    default:
      return `k_${probe.kind} ${index} ${quote(probe.path)}`;
  }
}

/** A shell pattern for the shell to expand: all but what makes it a pattern is quoted. */
export const quotePattern = (pattern: string): string => pattern.replaceAll(/[^*?[\]!^-]+/g, quote);

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
