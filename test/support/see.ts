import picomatch from 'picomatch';
import { ABSENT, type Probe, type Probes, type Reading, Seen, text } from '../../src/contract/index.ts';

/** What probes read on a host that has just these files, and prints these texts by command line. Patterns match paths as they are written, `..` included. */
export function see(files: Readonly<Record<string, string>>, probes: Probes): Seen {
  return new Seen(
    new Map(Object.entries(probes).map(([name, probe]) => [name, { probe, reading: read(files, probe) }])),
  );
}

function read(files: Readonly<Record<string, string>>, probe: Probe): Reading {
  switch (probe.kind) {
    case 'file': {
      const content = files[probe.path];
      return content === undefined ? ABSENT : text(content);
    }
    case 'glob': {
      const parts = probe.pattern.split('/').map((part) => (/[*?[]/.test(part) ? picomatch(part) : is(part)));
      const matches = (path: string) => {
        const names = path.split('/');
        return names.length === parts.length && names.every((name, at) => parts[at]?.(name));
      };
      const found = Object.entries(files).filter(([path]) => matches(path));
      return { is: 'files', files: Object.fromEntries(found.map(([path, content]) => [path, text(content)])) };
    }
    case 'dir': {
      const inside = Object.keys(files).filter((path) => path.startsWith(`${probe.path}/`));
      const names = new Set(inside.map((path) => path.slice(probe.path.length + 1).split('/')[0] ?? ''));
      return names.size === 0 ? ABSENT : { is: 'names', names: [...names].sort() };
    }
    case 'command': {
      const stdout = files[probe.argv.join(' ')];
      return stdout === undefined ? ABSENT : { is: 'output', status: 0, stdout, stderr: '' };
    }
    default:
      throw new Error(`no ${probe.kind} probes here`);
  }
}

const is = (part: string) => (name: string) => name === part;
