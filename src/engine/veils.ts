import type { Probe } from '../contract/index.ts';

/** Of the running kernel, in memory, or cleared when the host boots. Source: hier(7), tmpfiles.d(5). */
const FLEETING = /^\/(proc|sys|run|dev|tmp|var\/run|var\/lock|etc\/mtab)(\/|$)/;

/** Whether what this reads may be another thing after a boot: live state, guests, and what commands tell. */
export function endsWithBoot(probe: Probe): boolean {
  switch (probe.kind) {
    case 'command':
    case 'domains':
    case 'domain':
      return true;
    case 'glob':
      return FLEETING.test(probe.pattern);
    default:
      return FLEETING.test(probe.path);
  }
}

/** Whether what this reads stands, or may stand, below a path. */
export function isBelow(probe: Probe, path: string): boolean {
  if (probe.kind === 'command' || probe.kind === 'domain' || probe.kind === 'domains') return false;
  if (probe.kind === 'dir' && probe.path === path) return true;
  const at = probe.kind === 'glob' ? probe.pattern : probe.path;
  return at.startsWith(path === '/' ? '/' : `${path}/`);
}
