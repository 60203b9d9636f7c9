import type { Enclosing, Play, Role } from '../playbook/types.ts';
import { type Binding, bindings, type Level, makeScope, type Scope } from '../template/index.ts';

/** What the inventory and the control node know of a host, weakest first. */
export interface HostVariables {
  readonly group: ReadonlyMap<string, Binding>;
  readonly host: ReadonlyMap<string, Binding>;
  /** inventory_hostname, groups, hostvars and the like: nobody overrides them. */
  readonly magic: ReadonlyMap<string, unknown>;
}

/** What tasks have set, for each host, for the rest of the run. */
export interface Memory {
  set(host: string, values: Readonly<Record<string, unknown>>): void;
  of(host: string): ReadonlyMap<string, Binding>;
}

export function makeMemory(): Memory {
  const hosts = new Map<string, Map<string, Binding>>();
  const of = (host: string): Map<string, Binding> => {
    const known = hosts.get(host) ?? new Map<string, Binding>();
    hosts.set(host, known);
    return known;
  };
  return {
    of,
    set(host, values) {
      for (const [name, data] of Object.entries(values)) of(host).set(name, { data });
    },
  };
}

export interface ScopeParts {
  readonly host: HostVariables;
  readonly play: Play;
  readonly memory: ReadonlyMap<string, Binding>;
  readonly extra: ReadonlyMap<string, Binding>;
  /** The variable `facts`. Undefined for what is asked before hosts can be. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** The six levels of docs/templates-and-conditions.md, and what runs have set, as one task sees them. */
export function scopeFor(parts: ScopeParts, around: Enclosing | undefined): Scope {
  const role = around?.role;
  const levels: Level[] = [
    { name: 'role defaults', vars: bindings(role?.defaults ?? []) },
    { name: 'group', vars: parts.host.group },
    { name: 'host', vars: parts.host.host },
    { name: 'play', vars: bindings(parts.play.vars) },
    { name: 'task', vars: bindings([...(role?.vars ?? []), ...(around?.vars ?? [])]) },
    { name: 'register and set_fact', vars: parts.memory },
    { name: 'extra', vars: parts.extra },
    { name: 'magic', vars: asData(new Map([...parts.host.magic, ...ofRole(role)])) },
    { name: 'facts', vars: parts.facts ? new Map([['facts', { data: parts.facts }]]) : new Map() },
  ];
  return makeScope(levels);
}

/** As Ansible names it to the tasks of a role. */
const ofRole = (role: Role | undefined): readonly (readonly [string, unknown])[] =>
  role
    ? [
        ['role_name', role.name],
        ['ansible_role_name', role.name],
        ['role_path', role.path],
      ]
    : [];

const asData = (values: ReadonlyMap<string, unknown>): ReadonlyMap<string, Binding> =>
  new Map([...values].map(([name, data]) => [name, { data }]));
