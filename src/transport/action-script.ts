import { type Action, Problem } from '../contract/index.ts';
import { badArgument, badPath, badTarget, badText, isWellFormed, quote } from './quote.ts';

/** How long a command may run when nobody says, in seconds. */
const EXEC_SECONDS = 60;

/** The same of each of the few commands that define a guest. */
const DEFINE_SECONDS = 20;
const DEFINE_COMMANDS = 3;

/** The same of what looks at a file before it takes its place. */
const VALIDATE_SECONDS = 60;

/** How slowly the content of an upload may be read and summed up, once it is there. In bytes a second. */
const SUM_RATE = 10 << 20;

export function execSeconds(action: Action): number {
  const validate = (action.do === 'write' || action.do === 'upload') && action.validate ? VALIDATE_SECONDS : 0;
  if (action.do === 'upload') return validate + Math.ceil(action.source.size / SUM_RATE);
  if (action.do === 'write') return validate;
  if (action.do === 'define') return DEFINE_SECONDS * DEFINE_COMMANDS;
  return action.do === 'exec' ? (action.timeout ?? EXEC_SECONDS) : 0;
}

/**
 * The commands that do these actions, for remote.sh's functions: each only when the one before it was done.
 * Throws a `Problem` for what no host can be asked to do, before anything is sent.
 */
export function actionScript(actions: readonly Action[]): string {
  return actions.map((action, index) => `${line(action, index)} &&\n`).join('');
}

function line(action: Action, index: number): string {
  const ask = (...words: readonly (string | number | undefined)[]): string =>
    words.map((w) => quote(`${w ?? ''}`)).join(' ');
  check(action);
  switch (action.do) {
    case 'write': {
      const bytes = Buffer.from(
        typeof action.content === 'string' ? action.content : action.content.base64,
        encodingOf(action),
      );
      const asText = typeof action.content === 'string' && !action.content.includes('\0');
      const content = asText ? ['text', action.content] : ['base64', bytes.toString('base64')];
      const rest = [action.mode, action.owner, action.group, VALIDATE_SECONDS, ...(action.validate ?? [])];
      return `k_do ${index} k_write ${ask(action.path, ...content, bytes.length, ...rest)}`;
    }
    case 'upload': {
      const { sha256, size } = action.source;
      const rest = [action.mode, action.owner, action.group, VALIDATE_SECONDS, ...(action.validate ?? [])];
      return `k_do ${index} k_write ${ask(action.path, 'upload', sha256, size, ...rest)}`;
    }
    case 'copy':
      return `k_do ${index} k_copy ${ask(action.from, action.path)}`;
    case 'poke':
      return `k_do ${index} k_poke ${ask(action.path, action.value)}`;
    case 'remove':
      return `k_do ${index} k_remove ${ask(action.path, action.tree && 'tree')}`;
    case 'mkdir':
      return `k_do ${index} k_mkdir ${ask(action.path, action.mode)}`;
    case 'link':
      return `k_do ${index} k_link_to ${ask(action.path, action.to)}`;
    case 'own':
      return `k_do ${index} k_own ${ask(action.path, action.mode, action.owner, action.group)}`;
    case 'define':
      return `k_do ${index} k_define ${ask(DEFINE_SECONDS, uuidIn(action.xml) ?? action.guest, action.over, action.xml, action.validate ? 'validate' : '')}`;
    case 'exec': {
      const input = action.stdin === undefined ? ['null', ''] : ['stdin', action.stdin];
      return `k_exec ${index} ${ask(execSeconds(action), (action.ok ?? [0]).join(' '), ...input, ...action.argv)}`;
    }
  }
}

/** A name of digits could be another guest's id to virsh. */
const uuidIn = (xml: string): string | undefined => /<uuid>\s*([\da-fA-F-]{36})\s*<\/uuid>/.exec(xml)?.[1];

const encodingOf = (action: Action & { do: 'write' }): BufferEncoding =>
  typeof action.content === 'string' ? 'utf8' : 'base64';

/** Throws for values that cannot travel, or that a program on the host would take for something else. */
function check(action: Action): void {
  const why = whyBad(action);
  if (why !== undefined) throw new Problem('BadAction', `cannot ${attempt(action)}: ${why}`);
}

function whyBad(action: Action): string | undefined {
  if (action.do === 'exec') return badExec(action);
  if (action.do === 'define') return badArgument(action.guest) ?? badText(action.xml);
  return badPath(action.path) ?? badValue(action);
}

function badExec(action: Action & { do: 'exec' }): string | undefined {
  if (action.argv.length === 0) return 'there is no command';
  if (!Number.isInteger(execSeconds(action)) || execSeconds(action) <= 0)
    return 'its time limit is not a number of seconds';
  return [...action.argv.map(badArgument), badText(action.stdin ?? '')].find((bad) => bad !== undefined);
}

function badValue(action: Exclude<Action, { do: 'exec' | 'define' }>): string | undefined {
  if (action.do === 'poke') return badText(action.value);
  if (action.do === 'link') return badTarget(action.to);
  if (action.do === 'write') {
    const { content } = action;
    if (typeof content === 'string' ? !isWellFormed(content) : !isBase64(content.base64))
      return 'its content is malformed';
  }
  if (action.do === 'copy') return badPath(action.from);
  if (action.do === 'remove') return undefined;
  if (action.do === 'upload' && !(/^[0-9a-f]{64}$/.test(action.source.sha256) && action.source.size >= 0))
    return 'its checksum is none';
  if (action.do === 'write' || action.do === 'upload') {
    const bad = action.validate?.map(badArgument).find((why) => why !== undefined);
    if (bad !== undefined) return bad;
  }
  if (action.mode !== undefined && !/^[0-7]{3,4}$/.test(action.mode)) return `"${action.mode}" is no mode in octal`;
  if (action.do === 'mkdir') return undefined;
  for (const name of [action.owner, action.group])
    if (name !== undefined && !/^[^:\0-\x20]+$/.test(name)) return `"${name}" is no user or group name`;
  return undefined;
}

const isBase64 = (text: string): boolean => /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0;

/** What is tried, without the values: they may be secret. */
export function attempt(action: Action): string {
  switch (action.do) {
    case 'write':
    case 'upload':
      return `replace ${action.path}`;
    case 'copy':
      return `copy ${action.from} to ${action.path}`;
    case 'poke':
      return `write to ${action.path}`;
    case 'remove':
      return `remove ${action.path}`;
    case 'mkdir':
      return `make the directory ${action.path}`;
    case 'link':
      return `make the link ${action.path}`;
    case 'own':
      return `set the owner or mode of ${action.path}`;
    case 'exec':
      return `run ${action.argv[0]}`;
    case 'define':
      return `define the guest ${action.guest}`;
  }
}
