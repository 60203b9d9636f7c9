import { type Diagnostic, mistake, type Position, UserError } from '../source/diagnostic.ts';
import type { Node } from '../source/node.ts';
import { attempt, Misread } from './misread.ts';
import { parseLiteral } from './python-literal.ts';
import { nodeOfLiteral, scalar } from './python-node.ts';
import { indentation, splitLines, strip } from './python-text.ts';
import { expandHostPattern } from './ranges.ts';
import type { Roster } from './roster.ts';
import { shlexSplit } from './shlex.ts';

const SECTION = /^\[([^:\]\s]+)(?::([\p{L}\p{N}_]+))?\]\s*(?:#.*)?$/u;
const GROUP_NAME = /^([^:\]\s]+)\s*(?:#.*)?$/;

/** A group that was named before it was declared. */
interface Pending {
  readonly at: Position;
  /** The groups it shall be a child of; undefined where it was named by its variables. */
  readonly parents: string[] | undefined;
}

/**
 * Read an inventory in Ansible's INI format into the roster. Throws `UserError` with the mistakes of all lines; what
 * stood in the good ones is then in the roster all the same.
 */
export function readIni(text: string, file: string, roster: Roster): void {
  const found: Diagnostic[] = [];
  const pending = new Map<string, Pending>();
  let group = 'ungrouped';
  let kind = 'hosts';
  splitLines(text).forEach((whole, index) => {
    const line = strip(whole);
    if (line === '' || line.startsWith('#') || line.startsWith(';')) return;
    const at: Position = { file, line: index + 1, column: indentation(whole) + 1, length: line.length };
    attempt(at, found, () => {
      const section = SECTION.exec(line);
      if (section) {
        [, group = '', kind = 'hosts'] = section;
        mustBeText(group);
        beginSection(group, kind, at, roster, pending);
      } else if (line.startsWith('[') && line.endsWith(']')) {
        throw new Misread(
          'BadSection',
          `${line} is no section`,
          'a section is [group], [group:vars] or [group:children], without spaces',
        );
      } else if (kind === 'hosts') readHost(line, at, group, roster);
      else if (kind === 'vars') readVariable(line, at, group, roster);
      else if (kind === 'children') readChild(line, at, group, roster, pending);
    });
  });
  for (const [name, { at, parents }] of pending) {
    const message = parents
      ? `the group "${name}", a child of "${parents.at(-1)}", is not declared anywhere`
      : `the section [${name}:vars] is for a group that is not declared anywhere`;
    found.push(mistake('UnknownGroup', message, at, `declare it with a section [${name}]`));
  }
  if (found.length > 0) throw new UserError(found);
}

function beginSection(name: string, kind: string, at: Position, roster: Roster, pending: Map<string, Pending>): void {
  if (!['hosts', 'children', 'vars'].includes(kind))
    throw new Misread(
      'BadSection',
      `sections of the type "${kind}" are not known`,
      'known are [group:vars] and [group:children]',
    );
  const awaited = pending.get(name);
  if (!roster.groups.has(name)) {
    if (kind === 'vars' && !awaited) pending.set(name, { at, parents: undefined });
    roster.addGroup(name, at);
  }
  if (kind === 'vars' || !awaited) return;
  pending.delete(name);
  for (const parent of awaited.parents ?? []) roster.addChild(parent, name);
}

/** `name-or-range[:port] key=value …`, words as a shell splits them. */
function readHost(line: string, at: Position, group: string, roster: Roster): void {
  const [first, ...words] = shlexSplit(line);
  if (!first) return;
  for (const { text } of [first, ...words]) mustBeText(text);
  const place = (start: number, length: number): Position => ({ ...at, column: at.column + start, length });
  const { hosts, port } = expandHostPattern(first.text);
  const isYaml = 'if this file is YAML, name it .yml';
  if (first.text.trim().endsWith(':') && port === undefined)
    throw new Misread('BadHost', `the host name "${first.text}" ends in ":", behind which a port must stand`, isYaml);
  if (hosts.includes('---')) throw new Misread('BadHost', 'a host cannot be named "---"', isYaml);

  const variables = new Map<string, Node>();
  for (const { text, start } of words) {
    const equals = text.indexOf('=');
    if (equals < 0) {
      const hint = 'a value with spaces must be in quotes';
      throw new Misread('BadHost', 'behind a host stand variables as key=value, and something here is none', hint);
    }
    const [name, value] = [text.slice(0, equals), text.slice(equals + 1)];
    const quote = ['', '"', "'"].find((one) => line.startsWith(`${name}=${one}${value}${one}`, start));
    const from = quote === undefined ? undefined : start + equals + 1 + quote.length;
    const valueAt = from === undefined ? place(start, text.length) : place(from, Math.max(1, value.length));
    variables.set(name, typed(value, valueAt, from !== undefined));
  }
  for (const host of hosts) {
    roster.addHost(host, group, place(first.start, first.text.length), port);
    for (const [name, value] of variables) roster.setVariable(host, name, value);
  }
}

function readVariable(line: string, at: Position, group: string, roster: Roster): void {
  mustBeText(line);
  const equals = line.indexOf('=');
  if (equals < 0)
    throw new Misread(
      'BadVariable',
      'a variable as key=value is expected here',
      'hosts stand below [group], variables below [group:vars]',
    );
  const value = strip(line.slice(equals + 1));
  const start = equals + 1 + indentation(line.slice(equals + 1));
  const valueAt = { ...at, column: at.column + start, length: Math.max(1, value.length) };
  roster.setVariable(group, strip(line.slice(0, equals)), typed(value, valueAt, true));
}

function readChild(line: string, at: Position, group: string, roster: Roster, pending: Map<string, Pending>): void {
  const [, child] = GROUP_NAME.exec(line) ?? [];
  if (child === undefined)
    throw new Misread(
      'BadGroupName',
      'the name of a group is expected here',
      'below [group:children] stands one name of a group on each line',
    );
  mustBeText(child);
  const awaited = pending.get(child);
  if (roster.groups.has(child)) roster.addChild(group, child);
  else if (awaited) awaited.parents?.push(group);
  else pending.set(child, { at, parents: [group] });
}

/** In comments any bytes may stand; elsewhere they would be sent on as something else than was meant. */
function mustBeText(text: string): void {
  if (/[\udc80-\udcff]/u.test(text)) throw new Misread('NotText', 'this is not UTF-8 text', 'save the file as UTF-8');
}

/** A Python literal has its own type; all else is text. `asWritten`: at its place stands this very text. */
function typed(text: string, at: Position, asWritten: boolean): Node {
  const literal = parseLiteral(text);
  if (literal === undefined) return scalar(text, at, asWritten ? text : undefined);
  if (literal.type === 'bytes') return scalar(Buffer.from(literal.value, 'latin1').toString(), at);
  return nodeOfLiteral(literal, at);
}
