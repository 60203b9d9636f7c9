import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { mistake, UserError } from '../source/diagnostic.ts';
import { HOME } from '../source/home.ts';
import { nearest } from '../source/nearest.ts';

const MACHINES = join(HOME, 'lab', 'machines');

/** A captured machine: what stands at each path, relative to its root. */
export type Machine = Readonly<Record<string, Entry>>;
export type Entry = string | { readonly link: string } | { readonly dir: true };

const FORMS = ['.json', '.json.gz'];

/** The machines that kvmplay carries, by name. */
export function machineNames(): string[] {
  if (!existsSync(MACHINES)) return [];
  const named = readdirSync(MACHINES).flatMap((file) => {
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
  const plain = join(MACHINES, `${name}.json`);
  const text = existsSync(plain) ? readFileSync(plain) : gunzipSync(readFileSync(`${plain}.gz`));
  return JSON.parse(text.toString('utf8')) as Machine;
}
