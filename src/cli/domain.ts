import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import {
  ABSENT,
  type Change,
  type Module,
  memberPath,
  type Plan,
  type Probe,
  Problem,
  type Reading,
  type Remote,
  Seen,
  text as textReading,
} from '../contract/index.ts';
import { parseDomain, placeOf, XmlMistake } from '../domain-xml/parse.ts';
import { valueAt } from '../domain-xml/path.ts';
import { withoutSecrets } from '../domain-xml/secrets.ts';
import { zodDiagnostics } from '../playbook/zod-diagnostics.ts';
import { findModule, moduleNames } from '../registry/index.ts';
import { changeLines } from '../report/change-lines.ts';
import { paintFor } from '../report/paint.ts';
import { mistake, UserError } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import { type MapNode, nodeOf, toData } from '../source/node.ts';
import { CouldNot, EXIT } from './exit.ts';
import { moduleArgs } from './module-args.ts';

export interface DomainFlags {
  readonly moduleName: string;
  readonly args: string;
  readonly diff?: true;
  /** A folder that stands for the root of the host that the guest is for. */
  readonly root?: string;
  /** A document of schema `kvmplay.topology/1` that tells of it. */
  readonly topology?: string;
}

const TELL_HOST =
  'say which host it is for: --topology FILE, as `kvmplay topology --format json` prints it, or --root DIR';

/** `kvmplay domain`. Gives the exit status: 2 where the module cannot do it to this guest. */
export async function domainCommand(file: string, flags: DomainFlags): Promise<number> {
  const module = await guestModule(flags.moduleName);
  const params = paramsOf(module, moduleArgs(flags.args));
  const xml = readXml(file);
  const name = nameIn(file, xml);
  let plan: Plan;
  try {
    plan = await onHost(flags, async (remote) => module.plan(params, await lookAt(module, params, name, xml, remote)));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    // A file has no host of its own.
    const hint = ['NoTopology', 'NoNodes'].includes(error.code) && !flags.root ? TELL_HOST : error.hint;
    process.stderr.write(`error: ${error.message} (${error.code})\n${hint ? `  hint: ${hint}\n` : ''}`);
    return EXIT.failed;
  }
  for (const note of [...(plan.notes ?? []), ...(plan.na === undefined ? [] : [`n/a: ${plan.na}`])])
    process.stderr.write(`note: ${note}\n`);
  const change = plan.changes.find(({ target }) => target.kind === 'domain' && target.plane === 'config');
  const after = change?.after.is === 'text' ? change.after.text : xml;
  if (flags.diff && change) process.stderr.write(diffOf(file, change, xml, after));
  process.stdout.write(after);
  return EXIT.ok;
}

async function guestModule(name: string): Promise<Module> {
  const module = await findModule(name);
  if (!module) {
    const hint = didYouMean(name, moduleNames());
    throw new UserError([mistake('UnknownModule', `there is no module "${name}"`, undefined, hint)]);
  }
  if (!module.guests)
    throw new UserError([
      mistake('NotAGuestModule', `${name} is not about guests: there is nothing of it in their XML`),
    ]);
  return module;
}

/** The file is the one guest that there is, unless a tag is asked for. */
function paramsOf(module: Module, given: MapNode): unknown {
  const chosen = given.entries.some(({ key }) => key === 'guests' || key === 'tag');
  const all = { key: 'guests', keyAt: given.at, value: nodeOf('all', given.at) };
  const node: MapNode = chosen ? given : { ...given, entries: [...given.entries, all] };
  const parsed = module.params.safeParse(toData(node));
  if (!parsed.success) throw new UserError(zodDiagnostics(parsed.error, node, module.params));
  return parsed.data;
}

/** Byte for byte, a mark at its beginning too. */
function readXml(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new UserError([mistake('FileNotFound', `there is no file ${file}`)]);
    throw new CouldNot(`cannot read ${file}: ${message}`);
  }
  if (isUtf8(bytes)) return bytes.toString('utf8');
  // What stands before the first byte that is none of UTF-8's is the same in both.
  const text = bytes.toString('utf8');
  const at = { file, ...placeOf(text, text.indexOf('\ufffd')) };
  throw new UserError([
    mistake(
      'NotText',
      `${file} is not UTF-8 text`,
      at,
      'convert it: `iconv -f LATIN1 -t UTF-8`, or from what it is in',
    ),
  ]);
}

function nameIn(file: string, xml: string): string {
  try {
    return valueAt(parseDomain(xml).root, 'name') || basename(file, '.xml');
  } catch (error) {
    if (!(error instanceof XmlMistake)) throw error;
    const { code, message, line, column, hint } = error;
    throw new UserError([mistake(code, message, { file, line, column }, hint)]);
  }
}

/** Of the host only what stands in files is looked at: no commands, and no guests of its own. */
async function onHost<T>({ root, topology: document }: DomainFlags, ask: (host?: Remote) => Promise<T>): Promise<T> {
  if (root !== undefined && document !== undefined)
    throw new UserError([
      mistake('BadFlags', '--root and --topology are both given', undefined, 'the host is one of the two'),
    ]);
  if (root !== undefined) return (await import('./ask-hosts.ts')).withRoot(root, ask);
  if (document === undefined) return ask();
  const { topologyIn } = await import('./read-topology.ts');
  const { topologyFiles } = await import('../topology/to-files.ts');
  const { fakeHost } = await import('../laws/fake-host.ts');
  return ask(fakeHost({ files: topologyFiles(await topologyIn(document)) }));
}

/** What a module sees where there is nothing but the one guest, and that does not run, on a host if there is one. */
async function lookAt(module: Module, params: unknown, name: string, xml: string, host?: Remote): Promise<Seen> {
  const sights = new Map<string, { probe: Probe; reading: Reading }>();
  for (;;) {
    const wanted = Object.entries(module.reads(params, new Seen(sights))).filter(([key]) => !sights.has(key));
    if (wanted.length === 0) return new Seen(sights);
    const asked = host ? wanted.filter(([, { kind }]) => kind !== 'domains' && kind !== 'command') : [];
    const probes = asked.map(([, probe]) => probe);
    const readings =
      asked.length === 0 ? [] : await host?.exchange({ actions: [], probes }).then((one) => one.readings);
    const told = new Map(asked.map(([key], at) => [key, readings?.[at]]));
    for (const [key, probe] of wanted) sights.set(key, { probe, reading: told.get(key) ?? read(probe, name, xml) });
  }
}

function read(probe: Probe, name: string, xml: string): Reading {
  if (probe.kind === 'domains') return { is: 'files', files: { [memberPath(name, 'config')]: textReading(xml) } };
  return probe.kind === 'glob' ? { is: 'files', files: {} } : ABSENT;
}

function diffOf(file: string, { plane, summary, impact }: Change, before: string, after: string): string {
  const sides = { before: hidden(before), after: hidden(after) };
  const lines = changeLines({ target: file, plane, summary, ...sides, impact }, paintFor(process.stderr));
  return `${lines.slice(1).join('\n')}\n`;
}

/** Passwords stay in the file; what is shown of it goes to terminals and logs. */
const hidden = (xml: string): string => withoutSecrets(xml, () => '***');
