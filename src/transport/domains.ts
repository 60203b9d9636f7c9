import { ABSENT, memberPath, type Probe, type Reading, text } from '../contract/index.ts';

/** EX_TEMPFAIL of sysexits.h, by guests.sh. */
const NOBODY = 75;

/**
 * What guests.sh printed of all guests, as a glob's matches. Each begins with a line of the token and its name; `live` and
 * `config` behind the token begin its XML. A guest that was gone when its turn came is left out.
 */
export function domainsIn(look: Reading, token: string): Reading {
  if (look.is !== 'output') return look;
  if (look.status === NOBODY) return { is: 'absent', why: 'libvirt does not run on this host, and has no guest' };
  if (look.status !== 0) return { is: 'refused', why: firstError(look.stderr) };
  const files: Record<string, Reading> = {};
  for (const guest of look.stdout.split(`${token} guest\n`).slice(1)) {
    const [name = '', ...planes] = guest.split(new RegExp(`^${token} `, 'm'));
    for (const plane of planes) {
      const [kind, xml] = cut(plane);
      // A guest that was stopped since it was listed has no live XML any more: virsh prints the other.
      const runs = /^<domain\s[^>]*\bid=/m.test(xml);
      if (kind === 'live' && !runs && xml !== '') continue;
      const reading = xml === '' ? vanished(look.stderr) : text(xml);
      if (reading.is !== 'absent') files[memberPath(name.trim(), kind)] = reading;
    }
  }
  return { is: 'files', files };
}

/** One guest of that. */
export function domainIn(guests: Reading, probe: Probe & { kind: 'domain' }): Reading {
  if (guests.is !== 'files') return guests;
  return guests.files[memberPath(probe.guest, probe.plane)] ?? ABSENT;
}

function cut(part: string): ['live' | 'config', string] {
  const end = part.indexOf('\n');
  const xml = part.slice(end + 1).trimEnd();
  return [part.slice(0, end) === 'live' ? 'live' : 'config', xml === '' ? '' : `${xml}\n`];
}

const vanished = (stderr: string): Reading =>
  /failed to get domain|Domain not found/.test(stderr) ? ABSENT : { is: 'refused', why: firstError(stderr) };

function firstError(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.replace(/^error: /, '').trim());
  return lines.filter((line) => line !== '').join(': ') || 'virsh failed without a word';
}
