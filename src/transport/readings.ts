import { ABSENT, type Probe, type Reading, type Stat, text } from '../contract/index.ts';
import { domainIn, domainsIn } from './domains.ts';
import { isAbsence, refusalIn } from './errno.ts';
import type { Frame, Section } from './frame.ts';
import { badProbe, COMMAND_SECONDS, isOfGuests } from './probe-script.ts';

const refused = (why: string): Reading => ({ is: 'refused', why });

/** What the sections of an answer say of each probe; `limit` is the most bytes of one. */
export function readingsOf(
  probes: readonly Probe[],
  parts: readonly Section[],
  frame: Frame,
  limit: number,
): Reading[] {
  const whole = parts.some((part) => part.head === 'z');
  // What the limit on a whole frame cut may have cut the last section in its middle.
  const found = collect(whole ? parts : parts.slice(0, -1), frame, limit);
  const missing = refused(
    whole ? 'the host gave no answer to this' : 'the answer of the host was too large and was cut before this',
  );
  const look = found.probe(probes.findIndex(isOfGuests));
  const guests = look && domainsIn(look, frame.random);
  return probes.map((probe, index) => {
    const bad = badProbe(probe);
    if (bad !== undefined) return refused(bad);
    if (probe.kind === 'file') return found.file(probe.path) ?? missing;
    if (probe.kind === 'domains') return guests ?? missing;
    if (probe.kind === 'domain') return guests ? domainIn(guests, probe) : missing;
    if (probe.kind === 'glob') return whole ? found.glob(index) : missing;
    return found.probe(index) ?? missing;
  });
}

function collect(parts: readonly Section[], frame: Frame, limit: number) {
  const byPath = new Map<string, Reading>();
  const places = new Map<string, string>();
  const inPlace = new Map<string, Reading>();
  const matches = new Map<number, string[]>();
  const byIndex = new Map<number, Reading>();
  let alone = '';

  for (const { head, body } of parts) {
    const [kind, index, late] = head.split(' ');
    const at = Number(index);
    switch (kind) {
      case 'm':
        places.set(...pair(body));
        break;
      case 'f':
        for (const [path, bytes] of headFiles(body, frame.salt)) inPlace.set(path, content(path, bytes, limit));
        break;
      case 'e':
        for (const [path, reading] of headErrors(body.toString(), frame.salt)) inPlace.set(path, reading);
        break;
      case 'o': {
        const end = body.indexOf(0);
        alone = body.toString('utf8', 0, end);
        byPath.set(alone, content(alone, body.subarray(end + 1), limit));
        break;
      }
      case 'p':
        if (body.length > 0) byPath.set(alone, none(body.toString()));
        break;
      case 'x': {
        const [path, why] = pair(body);
        byPath.set(path, refused(why));
        break;
      }
      case 'g':
        matches.set(at, [...(matches.get(at) ?? []), body.toString()]);
        break;
      case 'n':
        byIndex.set(at, none(body.toString()));
        break;
      case 'd':
        byIndex.set(at, { is: 'names', names: body.toString().split('\0').slice(0, -1).sort() });
        break;
      case 'l':
        byIndex.set(at, text(body.toString()));
        break;
      case 's':
        byIndex.set(at, { is: 'stat', stat: parseStat(body.toString()) });
        break;
      case 'u': {
        const before = byIndex.get(at);
        const [owner, group] = pair(body);
        if (before?.is === 'stat') byIndex.set(at, { ...before, stat: { ...before.stat, owner, group } });
        break;
      }
      case 'c':
        byIndex.set(at, output(body, limit));
        break;
      case 't': {
        const before = byIndex.get(at);
        if (before?.is === 'output') byIndex.set(at, ended(before, body.toString(), late === 'late'));
        break;
      }
    }
  }

  const file = (path: string): Reading | undefined => byPath.get(path) ?? inPlace.get(places.get(path) ?? path);
  return {
    file,
    probe: (index: number): Reading | undefined => byIndex.get(index),
    glob: (index: number): Reading => {
      const files = [...(matches.get(index) ?? [])].sort().map((path) => [path, file(path) ?? ABSENT] as const);
      return { is: 'files', files: Object.fromEntries(files.filter(([, reading]) => reading.is !== 'absent')) };
    },
  };
}

function pair(body: Buffer): [string, string] {
  const end = body.indexOf(0);
  return [body.toString('utf8', 0, end), body.toString('utf8', end + 1)];
}

/** The files in what `head -v` printed: `==> path <==`, a newline, the content, and a newline before the next. */
function headFiles(body: Buffer, salt: string): [string, Buffer][] {
  const found: [string, Buffer][] = [];
  const begin = `\n==> ${salt}`;
  const first = body.indexOf(begin.slice(1)) === 0 ? -1 : body.indexOf(begin);
  for (let at = first, more = body.length > 0; more; ) {
    const nameAt = at + begin.length;
    const nameEnd = body.indexOf(' <==\n', nameAt);
    const next = body.indexOf(begin, nameEnd);
    found.push([
      body.toString('utf8', nameAt, nameEnd),
      body.subarray(nameEnd + ' <==\n'.length, next === -1 ? body.length : next),
    ]);
    more = next !== -1;
    at = next;
  }
  return found;
}

/** What head(1) complained of: `head: cannot open 'PATH' for reading: WORDS`, or busybox's `head: PATH: WORDS`. */
function headErrors(complaints: string, salt: string): [string, Reading][] {
  return complaints.split('\n').flatMap((line): [string, Reading][] => {
    const at = line.indexOf(salt);
    if (at === -1) return [];
    const path = line.slice(at + salt.length).split(/'|: /, 1)[0] ?? '';
    return [[path, none(line)]];
  });
}

/** Why nothing could be read. */
function none(complaint: string): Reading {
  const { errno, words } = refusalIn(complaint);
  return isAbsence(errno) ? ABSENT : refused(words || 'it cannot be read');
}

function content(path: string, bytes: Buffer, limit: number): Reading {
  if (bytes.length > limit) return refused(`more than ${limit} bytes`);
  const kernel = path.startsWith('/proc/') || path.startsWith('/sys/');
  try {
    const decoded = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text(kernel ? decoded.replace(/\n+$/, '\n') : decoded);
  } catch {
    return { is: 'bytes', base64: bytes.toString('base64') };
  }
}

function output(bytes: Buffer, limit: number): Reading {
  if (bytes.length > limit) return refused(`it printed more than ${limit} bytes`);
  return { is: 'output', status: 0, stdout: bytes.toString(), stderr: '' };
}

/** A command's stderr, newline, status; no status: it could not even be started. */
export function parseTail(tail: string): { stderr: string; status: number } {
  const cut = tail.lastIndexOf('\n');
  return { stderr: tail.slice(0, cut), status: Number(tail.slice(cut + 1) || 255) };
}

function ended(before: Reading & { is: 'output' }, tail: string, late: boolean): Reading {
  return late ? refused(`it did not end within ${COMMAND_SECONDS} s`) : { ...before, ...parseTail(tail) };
}

const TYPES: Readonly<Record<string, Stat['type']>> = { '4': 'dir', '8': 'file', a: 'link' };

/** `%f %s %u %g %U/%G` of stat(1): the raw mode in hex, the size, ids, names. A user name may have blanks in it. */
function parseStat(line: string): Stat {
  const [, raw = '0', size, uid = '', gid = '', owner = '', group = ''] =
    /^([0-9a-f]+) (\d+) (\d+) (\d+) ([^/]*)\/(.*)/.exec(line) ?? [];
  const mode = Number.parseInt(raw, 16);
  const named = (name: string, id: string): string => (name === 'UNKNOWN' ? id : name);
  return {
    type: TYPES[(mode >> 12).toString(16)] ?? 'other',
    mode: (mode & 0o7777).toString(8).padStart(4, '0'),
    owner: named(owner, uid),
    group: named(group, gid),
    size: Number(size),
  };
}
