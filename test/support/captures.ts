import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import picomatch from 'picomatch';
import { ABSENT, type Probe, type Probes, type Reading, Seen, text } from '../../src/contract/index.ts';
import { buildTopology, deviceProbes, type Topology, topologyProbes } from '../../src/topology/index.ts';
import { sharedFixtures } from './shared.ts';

export interface Capture {
  readonly name: string;
  /** The machine's root, with `sys`, mostly `proc`, and `expected` beside them. */
  readonly root: string;
}

let unpacked: Capture[] | undefined;

/** Every captured machine that was handed over, unpacked until the process ends. */
export function captures(): readonly Capture[] {
  unpacked ??= unpack();
  return unpacked;
}

function unpack(): Capture[] {
  const packs = sharedFixtures('topologies');
  if (!packs) return [];
  const folder = mkdtempSync(join(tmpdir(), 'kvmplay-captures-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return readdirSync(packs)
    .filter((name) => name.endsWith('.tar.gz'))
    .map((pack) => {
      execFileSync('tar', ['-xzf', join(packs, pack), '-C', folder]);
      const name = basename(pack, '.tar.gz');
      return { name, root: join(folder, name) };
    });
}

export const topologyAt = (root: string): Topology =>
  buildTopology(seeUnder(root, { ...topologyProbes(), ...deviceProbes() }));

/** Reads probes from a folder, as a transport does with `kvmplay_root`, for captures whose links stay inside. */
export function seeUnder(root: string, probes: Probes): Seen {
  return new Seen(
    new Map(Object.entries(probes).map(([name, probe]) => [name, { probe, reading: readUnder(root, probe) }])),
  );
}

function readUnder(root: string, probe: Probe): Reading {
  switch (probe.kind) {
    case 'file':
      return readFile(root + probe.path);
    case 'dir':
      return existsSync(root + probe.path) ? { is: 'names', names: readdirSync(root + probe.path).sort() } : ABSENT;
    case 'glob': {
      const paths = expand(root, probe.pattern.split('/').filter(Boolean));
      return { is: 'files', files: Object.fromEntries(paths.map((path) => [path, readFile(root + path)])) };
    }
    default:
      throw new Error(`captures answer no ${probe.kind} probes`);
  }
}

const readFile = (path: string): Reading => (existsSync(path) ? text(readFileSync(path, 'utf8')) : ABSENT);

function expand(root: string, parts: readonly string[]): string[] {
  let found = [''];
  for (const part of parts) {
    const matches = picomatch(part, { nobrace: true });
    const inside = (at: string) =>
      /[*?[]/.test(part)
        ? namesIn(root + at).filter((name) => matches(name))
        : existsSync(`${root}${at}/${part}`)
          ? [part]
          : [];
    found = found.flatMap((at) => inside(at).map((name) => `${at}/${name}`));
  }
  return found.filter((path) => statSync(root + path).isFile());
}

const namesIn = (folder: string): string[] =>
  existsSync(folder) && statSync(folder).isDirectory() ? readdirSync(folder) : [];
