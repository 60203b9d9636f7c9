import { z } from 'zod';
import { command, dir, glob, NotKnown, Problem, type Seen } from '../contract/index.ts';
import { defineFact, numberIn } from './fact.ts';

const text = () => z.string().nullable();
const DEFINED = '/etc/libvirt/qemu';
const RUNNING = '/run/libvirt/qemu';

/** Out of libvirt's own files: asking its daemon would start it where it waits for a socket. Only root may read them. */
export const libvirt = defineFact({
  name: 'libvirt',
  summary: 'libvirt and the guests that it knows of. Only root may read them: use `become`.',
  schema: z.object({
    version: text().describe('`9.0.0`; null where it is not installed'),
    guests: z
      .array(
        z.object({
          name: z.string().describe('What libvirt calls it'),
          uuid: text().describe('What it is called for ever'),
          running: z.boolean().describe('Whether there is a process of it, paused or not'),
          state: text().describe('`running`, `paused`; null where it is off'),
          persistent: z.boolean().describe('Whether it is still known when it has ended'),
          autostart: z.boolean().describe('Whether it starts with the host'),
          vcpus: z.int().nullable().describe('How many vCPUs it may have'),
          memory_kib: z.int().nullable().describe('KiB of memory that it may have'),
        }),
      )
      .describe('By name. What runs counts, and not what is defined for the next start'),
  }),
  probes: {
    libvirtd: command('libvirtd', '--version'),
    virtqemud: command('virtqemud', '--version'),
    virsh: command('virsh', '--version'),
    folder: dir(DEFINED),
    defined: glob(`${DEFINED}/*.xml`),
    autostart: dir(`${DEFINED}/autostart`),
    folder_running: dir(RUNNING),
    running: glob(`${RUNNING}/*.xml`),
  },
  read(seen) {
    // Folders that may not be listed look empty to a pattern.
    seen.names('folder');
    seen.names('folder_running');
    const defined = guestsIn(seen, 'defined');
    const running = guestsIn(seen, 'running');
    const autostart = new Set(seen.names('autostart'));
    const names = [...new Set([...defined.keys(), ...running.keys()])].sort();
    const guests = names.map((name) => {
      const now = running.get(name);
      const { file = '', uuid = null, vcpus = null, memory_kib = null } = now ?? defined.get(name) ?? {};
      return {
        name,
        uuid,
        running: now !== undefined,
        state: now?.state ?? null,
        persistent: defined.has(name),
        autostart: autostart.has(file),
        vcpus,
        memory_kib,
      };
    });
    return { version: versionOf(seen), guests };
  },
});

function versionOf(seen: Seen): string | null {
  const said = ['libvirtd', 'virtqemud', 'virsh'].map((name) => seen.output(name)?.stdout ?? '');
  return said.map((line) => /\d+\.\d+\.\d+/.exec(line)?.[0]).find((version) => version !== undefined) ?? null;
}

interface Guest {
  readonly file: string;
  readonly uuid: string | null;
  readonly state: string | null;
  readonly vcpus: number | null;
  readonly memory_kib: number | null;
}

/** Guests by name. Source: virDomainObjFormat in libvirt's src/conf/domain_conf.c, which puts these in this order. */
function guestsIn(seen: Seen, probe: string): ReadonlyMap<string, Guest> {
  const reading = seen.raw(probe);
  const guests = new Map<string, Guest>();
  if (reading.is === 'unknown') throw new NotKnown(reading.because);
  for (const [path, one] of reading.is === 'files' ? Object.entries(reading.files) : []) {
    if (one.is === 'unknown') throw new NotKnown(one.because);
    if (one.is === 'refused') throw new Problem('Unreadable', `cannot read ${path}: ${one.why}`, 'use become: true');
    if (one.is !== 'text') continue;
    const domain = one.text.slice(Math.max(0, one.text.search(/<domain\b/)));
    const of = (pattern: RegExp) => pattern.exec(domain)?.[1] ?? null;
    const name = of(/<name>([^<]+)<\/name>/);
    if (name === null) continue;
    guests.set(unescaped(name), {
      file: path.slice(path.lastIndexOf('/') + 1),
      uuid: of(/<uuid>([^<]+)<\/uuid>/),
      state: /<domstatus\b[^>]*\bstate=['"](\w+)/.exec(one.text)?.[1] ?? null,
      vcpus: numberIn(of(/<vcpu\b[^>]*>(\d+)<\/vcpu>/) ?? undefined),
      memory_kib: numberIn(of(/<memory\b[^>]*\bunit=['"]KiB['"][^>]*>(\d+)<\/memory>/) ?? undefined),
    });
  }
  return guests;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const unescaped = (text: string): string => text.replaceAll(/&(\w+);/g, (whole, name) => ENTITIES[name] ?? whole);
