import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  type Action,
  type ActionResult,
  type Answer,
  memberPath,
  type Probe,
  type Reading,
  type Remote,
  type Request,
  text,
  Unreachable,
} from '../contract/index.ts';
import { type Command, NotEmulated, type Output } from './fake-command.ts';
import { type Content, type FakeFiles, FileError, fakeFiles } from './fake-files.ts';
import { type Knob, poke } from './fake-kernel.ts';
import { defineDomain, readDomains } from './fake-libvirt.ts';

export interface FakeHostOptions {
  readonly files?: Readonly<Record<string, Content>>;
  /** By the whole command line, or by the command's name alone. Any other command is absent. */
  readonly commands?: Readonly<Record<string, Command>>;
  /** How files answer writes, beside what every Linux does (linuxKnob); see fake-kernel.ts. */
  readonly kernel?: Readonly<Record<string, Knob>>;
  /**
   * The connection breaks in this frame (counted from 1), after so many of its actions were done; all, where not given.
   * No answer comes back, then or later, until `reconnect`.
   */
  readonly drop?: { readonly frame: number; readonly afterActions?: number };
}

/** A host in memory that keeps the promises of `Remote`, with a kernel that behaves as kernels do. */
export interface FakeHost extends Remote {
  /** Its files, for tests to look at and to make drift by hand (no kernel is in the way). */
  readonly files: FakeFiles;
  /** What stands in a file now. */
  read(path: string): string | undefined;
  /** Every frame that was asked, also those that broke. */
  readonly frames: readonly Request[];
  /** Every action that was done, in order, failed ones too. */
  readonly actions: readonly Action[];
  reconnect(): void;
}

export function fakeHost(options: FakeHostOptions = {}): FakeHost {
  const commands = options.commands ?? {};
  const files = fakeFiles();
  for (const [path, content] of Object.entries(options.files ?? {})) files.put(path, content);
  const frames: Request[] = [];
  const actions: Action[] = [];
  let answered = 0;
  let broken = false;

  const read = (path: string) => files.read(path)?.toString();

  async function exchange(request: Request): Promise<Answer> {
    if (broken) throw lost();
    frames.push(request);
    const breaks = options.drop?.frame === frames.length;
    const allowed = breaks ? (options.drop?.afterActions ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
    const results = act(request.actions.slice(0, allowed));
    if (breaks) {
      broken = true;
      throw lost();
    }
    const readings = request.probes.map(readProbe);
    answered += 1;
    return structuredClone({ results, readings });
  }

  function act(asked: readonly Action[]): ActionResult[] {
    const results: ActionResult[] = [];
    for (const action of asked) {
      const failed = results.some((result) => result.ok !== true);
      results.push(failed ? { ok: 'skipped' } : attempt(action));
      if (!failed) actions.push(action);
    }
    return results;
  }

  function attempt(action: Action): ActionResult {
    try {
      return doAction(action);
    } catch (error) {
      if (error instanceof FileError) return { ok: false, message: error.message, errno: error.errno };
      throw error;
    }
  }

  function doAction(action: Action): ActionResult {
    switch (action.do) {
      case 'write': {
        const { path, content, mode, owner, group } = action;
        const bytes = typeof content === 'string' ? Buffer.from(content) : Buffer.from(content.base64, 'base64');
        files.write(path, bytes, given({ mode, owner, group }));
        break;
      }
      case 'upload': {
        const { path, source, mode, owner, group } = action;
        files.write(path, readFileSync(source.path), given({ mode, owner, group }));
        break;
      }
      case 'copy': {
        const bytes = files.read(action.from);
        if (!bytes) return { ok: false, message: `no ${action.from}`, errno: 'ENOENT' };
        const { mode, owner, group } = files.stat(action.from) ?? {};
        files.remove(action.path);
        files.write(action.path, bytes, given({ mode, owner, group }));
        break;
      }
      case 'poke':
        poke(files, action.path, action.value, options.kernel);
        break;
      case 'remove':
        if (action.tree) removeTree(action.path);
        else files.remove(action.path);
        break;
      case 'mkdir':
        files.mkdir(action.path, action.mode);
        break;
      case 'link':
        files.link(action.path, action.to);
        break;
      case 'own': {
        const { mode, owner, group } = action;
        files.own(action.path, given({ mode, owner, group }));
        break;
      }
      case 'define':
        return commands.virsh ? defineDomain(action, files) : { ok: false, message: 'virsh: not found', status: 127 };
      case 'exec': {
        const output = run(action.argv);
        if (!output) return { ok: false, message: `${action.argv[0]}: not found`, status: 127 };
        if ((action.ok ?? [0]).includes(output.status)) return { ok: true, ...output };
        return { ok: false, message: output.stderr.trim(), ...output };
      }
    }
    return { ok: true };
  }

  function removeTree(path: string): void {
    if (files.stat(path)?.type === 'dir') for (const name of files.names(path) ?? []) removeTree(`${path}/${name}`);
    files.remove(path);
  }

  function run(argv: readonly string[]): Output | undefined {
    const name = argv[0] ?? '';
    const command = commands[argv.join(' ')] ?? commands[name];
    if (command === undefined) {
      if (Object.keys(commands).some((line) => line.split(' ')[0] === name))
        throw new NotEmulated(`the fake host has no answer to: ${argv.join(' ')}`);
      return undefined;
    }
    const output = typeof command === 'function' ? command(argv, files) : command;
    return typeof output === 'string' ? { status: 0, stdout: output, stderr: '' } : output;
  }

  function readProbe(probe: Probe): Reading {
    try {
      return look(probe);
    } catch (error) {
      if (error instanceof FileError) return { is: 'refused', why: error.message };
      throw error;
    }
  }

  function look(probe: Probe): Reading {
    switch (probe.kind) {
      case 'file':
        return readFile(probe.path);
      case 'glob': {
        const found = files.glob(probe.pattern).map((path) => [path, readProbe({ kind: 'file', path })]);
        return { is: 'files', files: Object.fromEntries(found) };
      }
      case 'dir': {
        const names = files.names(probe.path);
        return names ? { is: 'names', names } : { is: 'absent' };
      }
      case 'link': {
        const target = files.target(probe.path);
        return target === undefined ? { is: 'absent' } : text(target);
      }
      case 'stat': {
        const stat = files.stat(probe.path);
        return stat ? { is: 'stat', stat } : { is: 'absent' };
      }
      case 'domains':
        return commands.virsh ? readDomains(files) : { is: 'absent' };
      case 'domain': {
        const all = look({ kind: 'domains' });
        return (all.is === 'files' && all.files[memberPath(probe.guest, probe.plane)]) || { is: 'absent' };
      }
      case 'digest': {
        const bytes = files.read(probe.path);
        return bytes ? text(createHash('sha256').update(bytes).digest('hex')) : { is: 'absent' };
      }
      case 'command': {
        const output = run(probe.argv);
        return output ? { is: 'output', ...output } : { is: 'absent' };
      }
    }
  }

  function readFile(path: string): Reading {
    const content = files.read(path);
    if (!content) return { is: 'absent' };
    const decoded = content.toString();
    return Buffer.from(decoded).equals(content) ? text(decoded) : { is: 'bytes', base64: content.toString('base64') };
  }

  return {
    exchange,
    get roundTrips() {
      return answered;
    },
    close: async () => {
      broken = true;
    },
    reconnect: () => {
      broken = false;
    },
    files,
    read,
    frames,
    actions,
  };
}

const lost = () => new Unreachable('ConnectionLost', 'the connection to the fake host broke');

/** Only what has a value, for spreading over defaults. */
const given = <T extends object>(record: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as never;
