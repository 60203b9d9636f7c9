import { type Diagnostic, mistake, type Position } from '../source/diagnostic.ts';
import { markSecret, type Node, toData } from '../source/node.ts';
import { keepSecret } from '../source/secrets.ts';
import { LOCALHOST } from './localhost.ts';
import { Misread } from './misread.ts';
import { scalar } from './python-node.ts';
import type { Group, Host } from './types.ts';

export interface MutableHost extends Host {
  readonly groups: MutableGroup[];
  left?: MutableGroup | undefined;
  readonly variables: Map<string, Node>;
}

export interface MutableGroup extends Group {
  readonly hosts: MutableHost[];
  readonly children: MutableGroup[];
  readonly parents: MutableGroup[];
  readonly variables: Map<string, Node>;
  depth: number;
  priority: number;
}

/** Hosts and groups while sources are read, one after the other, into the same. */
export class Roster {
  readonly hosts = new Map<string, MutableHost>();
  readonly groups = new Map<string, MutableGroup>();
  readonly warnings: Diagnostic[] = [];
  localhost: MutableHost | undefined;
  /** The path of what is being read now. */
  source: string | undefined;
  /** Whether what is being read now was encrypted: its variables are secrets then, and names are not. */
  sealed = false;

  constructor() {
    this.addGroup('all');
    this.addGroup('ungrouped');
    this.addChild('all', 'ungrouped');
  }

  warn(code: string, message: string, at?: Position, hint?: string): void {
    if (!this.warnings.some((one) => one.message === message)) this.warnings.push(mistake(code, message, at, hint));
  }

  addGroup(name: string, at?: Position): void {
    if (name === '') throw new Misread('EmptyName', 'a group has an empty name', 'give it one');
    if (this.groups.has(name)) return;
    if (/^[^\p{L}_]|[^\p{L}\p{N}_]/u.test(name)) {
      const message = `the group name "${name}" has characters that a variable name may not have`;
      this.warn('GroupName', message, at, 'use letters, digits and underscores');
    }
    const empty = { hosts: [], children: [], parents: [], variables: new Map() };
    this.groups.set(name, { name, ...empty, depth: 0, priority: 1 });
  }

  /** Add a host, and to a group if one is given. The port counts only where the host is new. */
  addHost(name: string, group: string | undefined, at: Position, port?: number): void {
    if (name === '') throw new Misread('EmptyName', 'a host has an empty name', 'give it one');
    const known = this.hosts.get(name);
    const host = known ?? this.#newHost(name, at, port);
    if (group !== undefined) join(this.#group(group), host);
  }

  /** Add a group, or else a host, of this name to a group. */
  addChild(parent: string, name: string): void {
    const group = this.#group(parent);
    const child = this.groups.get(name);
    const host = this.hosts.get(name);
    if (child) adopt(group, child);
    else if (host) join(group, host);
    else
      throw new Misread(
        'UnknownGroup',
        `"${name}" is neither a group nor a host`,
        'declare it with a section [name] or under children',
      );
  }

  /** Set a variable of the group or else the host of this name: a group hides a host of the same name. */
  setVariable(owner: string, name: string, value: Node): void {
    const group = this.groups.get(owner);
    if (group && name === 'ansible_group_priority') {
      group.priority = priorityOf(value);
      return;
    }
    const variables = group?.variables ?? this.hosts.get(owner)?.variables;
    if (!variables)
      throw new Misread(
        'UnknownGroup',
        `"${owner}" is neither a group nor a host`,
        'declare it with a section [name] or under children',
      );
    if (this.sealed) keepSecret(toData(value));
    variables.set(name, this.sealed ? markSecret(value) : value);
  }

  /** After the last source: every group is below `all`, and only hosts of no other group are in `ungrouped`. */
  reconcile(): void {
    for (const group of this.groups.values())
      if (group.name !== 'all' && group.parents.length === 0) this.addChild('all', group.name);

    const [all, ungrouped] = [this.#group('all'), this.#group('ungrouped')];
    for (const host of this.hosts.values()) {
      const groups = groupsOf(host);
      const elsewhere = [...groups].some((group) => group !== all && group !== ungrouped);
      // By name, so that where a group has the host's name it is the group that lands there, as with Ansible.
      if (!groups.has(ungrouped) && !elsewhere) this.addChild('ungrouped', host.name);
      if (host.groups.includes(ungrouped) && elsewhere) leave(ungrouped, host);
      if (this.groups.has(host.name)) {
        const hint = 'variables of one may land on the other: rename one';
        this.warn('GroupAndHost', `a group and a host are both named "${host.name}"`, undefined, hint);
      }
    }
  }

  #group(name: string): MutableGroup {
    const group = this.groups.get(name);
    if (!group) throw new Misread('UnknownGroup', `there is no group "${name}"`, 'declare it first');
    return group;
  }

  #newHost(name: string, at: Position, port: number | undefined): MutableHost {
    const host: MutableHost = { name, groups: [], variables: new Map(), source: this.source };
    this.hosts.set(name, host);
    if (port) host.variables.set('ansible_port', scalar(port, at));
    if (!LOCALHOST.includes(name)) return host;
    if (this.localhost)
      this.warn(
        'SecondLocalhost',
        `"${name}" means this machine, as "${this.localhost.name}" does, named before it`,
        at,
      );
    else this.localhost = host;
    return host;
  }
}

/** All groups a host is in: those that list it, and their parents up to `all`. */
export function groupsOf<G extends Group>(host: {
  readonly groups: readonly G[];
  readonly left?: G | undefined;
}): Set<G> {
  const found = new Set<G>();
  const climb = (group: G): void => {
    if (found.has(group)) return;
    found.add(group);
    (group.parents as readonly G[]).forEach(climb);
  };
  host.groups.forEach(climb);
  if (host.left) found.delete(host.left);
  return found;
}

function join(group: MutableGroup, host: MutableHost): void {
  if (host.groups.includes(group)) return;
  group.hosts.push(host);
  host.groups.push(group);
}

function leave(group: MutableGroup, host: MutableHost): void {
  group.hosts.splice(group.hosts.indexOf(host), 1);
  host.groups.splice(host.groups.indexOf(group), 1);
  host.left = group;
}

function adopt(parent: MutableGroup, child: MutableGroup): void {
  if (parent === child)
    throw new Misread('GroupLoop', `the group "${parent.name}" cannot be its own child`, 'take it out of its children');
  if (parent.children.includes(child)) return;
  if (groupsOf({ groups: [parent] }).has(child))
    throw new Misread(
      'GroupLoop',
      `the groups "${parent.name}" and "${child.name}" would each be below the other`,
      'take one of them out of the children of the other',
    );
  parent.children.push(child);
  child.parents.push(parent);
  // Its hosts are below the parent again, also where they were taken out of it.
  for (const host of hostsBelow(child)) host.left = undefined;
  child.depth = Math.max(parent.depth + 1, child.depth);
  sink(child);
}

function* hostsBelow(group: MutableGroup, seen = new Set<MutableGroup>()): Generator<MutableHost> {
  if (seen.has(group)) return;
  seen.add(group);
  yield* group.hosts;
  for (const child of group.children) yield* hostsBelow(child, seen);
}

/** Put everything below a group at least one step deeper than what leads to it. */
function sink(group: MutableGroup): void {
  let level = new Set(group.children);
  for (let depth = group.depth + 1; level.size > 0; depth++) {
    const next = new Set<MutableGroup>();
    for (const child of level) {
      if (child.depth >= depth) continue;
      child.depth = depth;
      for (const grandchild of child.children) next.add(grandchild);
    }
    level = next;
  }
}

/** As Python's `int()` takes it. */
function priorityOf(node: Node): number {
  const written = node.kind === 'scalar' ? node.value : null;
  const number = typeof written === 'string' ? integerIn(written) : Number(written);
  if (written === null || !Number.isFinite(number))
    throw new Misread(
      'BadPriority',
      'ansible_group_priority must be a number',
      'for example ansible_group_priority=10',
    );
  return Math.trunc(number);
}

const integerIn = (text: string): number =>
  /^\s*[-+]?\d+(?:_\d+)*\s*$/.test(text) ? Number(text.replaceAll('_', '')) : Number.NaN;
