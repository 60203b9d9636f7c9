import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { mistake, UserError } from '../source/diagnostic.ts';
import { nearest } from '../source/nearest.ts';

/** A captured machine: what stands at each path, relative to its root. */
export type Machine = Readonly<Record<string, Entry>>;
export type Entry = string | { readonly link: string } | { readonly dir: true };

const FORMS = ['.json', '.json.gz'];

/** The machines that kvmplay carries, by name. */
export function machineNames(): string[] {
  const shelf = machinesFolder();
  if (!existsSync(shelf)) return [];
  const named = readdirSync(shelf).flatMap((file) => {
    const form = FORMS.find((ending) => file.endsWith(ending));
    return form ? [file.slice(0, -form.length)] : [];
  });
  return [...new Set(named)].sort();
}

/** Reads a machine. Throws `UserError` `UnknownMachine` for a name that is not carried. */
export function loadMachine(name: string): Machine {
  const known = machineNames();
  if (!known.includes(name)) {
    const have = known.join(', ') || 'none';
    const near = nearest(name, known);
    const message = `no captured machine is called "${name}"; there are: ${have}`;
    throw new UserError([mistake('UnknownMachine', message, undefined, near && `did you mean ${near}?`)]);
  }
  const plain = join(machinesFolder(), `${name}.json`);
  const text = existsSync(plain) ? readFileSync(plain) : gunzipSync(readFileSync(`${plain}.gz`));
  return JSON.parse(text.toString('utf8')) as Machine;
}

/** `lab/machines` stands beside package.json, wherever this file was compiled to. */
function machinesFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json')) && folder !== dirname(folder)) folder = dirname(folder);
  return join(folder, 'lab', 'machines');
}
