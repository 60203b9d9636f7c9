import { z } from 'zod';
import { parseCmdline } from '../contract/cmdline.ts';
import { command, file } from '../contract/index.ts';
import { defineFact, numberIn, wordIn } from './fact.ts';

const text = () => z.string().nullable();

export const os = defineFact({
  name: 'os',
  summary: 'The distribution, as os-release(5) names it.',
  schema: z.object({
    id: text().describe('`debian`, `rhel`, `ubuntu`, `sles`'),
    id_like: z.array(z.string()).describe('What it is close to, the closest first'),
    name: text().describe('For people, without the version'),
    version: text().describe('For people'),
    version_id: text().describe('`12`, `9.4`. A text: compare it as one, or use `double(…)`'),
    codename: text().describe('`bookworm`'),
    pretty_name: text().describe('For people, all of it'),
  }),
  probes: { own: file('/etc/os-release'), vendor: file('/usr/lib/os-release') },
  read(seen) {
    const said = assignments(seen.text('own') ?? seen.text('vendor') ?? '');
    const of = (name: string) => said.get(name) || null;
    return {
      id: of('ID'),
      id_like: (of('ID_LIKE') ?? '').split(' ').filter(Boolean),
      name: of('NAME'),
      version: of('VERSION'),
      version_id: of('VERSION_ID'),
      codename: of('VERSION_CODENAME'),
      pretty_name: of('PRETTY_NAME'),
    };
  },
});

/** os-release(5): assignments as a shell reads them, without expansion. */
function assignments(text: string): ReadonlyMap<string, string> {
  return new Map(
    [...text.matchAll(/^([A-Z0-9_]+)=(.*)$/gm)].map(({ 1: name = '', 2: value = '' }) => {
      const [, single, double] = /^'([^']*)'|^"((?:\\.|[^"\\])*)"/.exec(value.trim()) ?? [];
      return [name, single ?? (double ?? value.trim()).replaceAll(/\\(.)/g, '$1')];
    }),
  );
}

export const kernel = defineFact({
  name: 'kernel',
  summary: 'The kernel that runs.',
  schema: z.object({
    release: text().describe('As `uname -r` prints it: `6.1.0-18-amd64`'),
    major: z.int().nullable().describe('`6` of 6.1'),
    minor: z.int().nullable().describe('`1` of 6.1'),
    version: text().describe('As `uname -v` prints it: when it was built, and how'),
    machine: text().describe('As `uname -m` prints it: `x86_64`'),
  }),
  probes: {
    release: file('/proc/sys/kernel/osrelease'),
    version: file('/proc/sys/kernel/version'),
    machine: command('uname', '-m'),
    arch: file('/proc/sys/kernel/arch'),
  },
  read(seen) {
    const release = wordIn(seen.text('release'));
    const [, major, minor] = /^(\d+)\.(\d+)/.exec(release ?? '') ?? [];
    return {
      release,
      major: numberIn(major),
      minor: numberIn(minor),
      version: wordIn(seen.text('version')),
      machine: wordIn(seen.output('machine')?.stdout) ?? wordIn(seen.text('arch')),
    };
  },
});

export const hostname = defineFact({
  name: 'hostname',
  summary: 'What the host calls itself.',
  schema: text(),
  probes: { now: file('/proc/sys/kernel/hostname'), boot: file('/etc/hostname') },
  read: (seen) => wordIn(seen.text('now')) ?? wordIn(seen.text('boot')),
});

export const uptime = defineFact({
  name: 'uptime',
  summary: 'How long the host has been up.',
  schema: z.object({
    seconds: z.int().nullable().describe('Since it booted'),
    boot_id: text().describe('Another one after each boot'),
  }),
  probes: { uptime: file('/proc/uptime'), boot: file('/proc/sys/kernel/random/boot_id') },
  read: (seen) => ({
    seconds: numberIn(/^\d+/.exec(seen.text('uptime') ?? '')?.[0]),
    boot_id: wordIn(seen.text('boot')),
  }),
});

export const cmdline = defineFact({
  name: 'cmdline',
  summary: 'What the kernel was booted with.',
  schema: z.object({
    text: text().describe('All of it'),
    args: z
      .record(z.string(), z.union([z.string(), z.literal(true)]))
      .describe('Each argument with its value, the last one where it is given again; `true` for a bare word'),
    all: z
      .record(z.string(), z.array(z.union([z.string(), z.literal(true)])))
      .describe('Likewise, with every value in its order: `hugepagesz`, `console`'),
  }),
  probes: { cmdline: file('/proc/cmdline') },
  read(seen) {
    const line = seen.text('cmdline');
    const all: Record<string, (string | true)[]> = {};
    for (const { name, value } of parseCmdline(line ?? '').args) all[name] = [...(all[name] ?? []), value ?? true];
    const args = Object.fromEntries(Object.entries(all).map(([name, values]) => [name, values.at(-1) ?? true]));
    return { text: wordIn(line), args, all };
  },
});
