import { type Diagnostic, mistake, type Position, UserError } from '../source/diagnostic.ts';
import type { Node } from '../source/node.ts';
import { renderNode } from './render.ts';
import { type Found, type Level, type Scope, undefinedVariable } from './scope.ts';

/** Levels from the weakest to the strongest. A name is evaluated when it is looked up, in the scope of the looker. */
export function makeScope(levels: readonly Level[]): Scope {
  const values = new Map<string, unknown>();
  const under: { readonly name: string; readonly at: Position }[] = [];
  const find = (name: string): Found[] => {
    const found: Found[] = [];
    for (let index = levels.length - 1; index >= 0; index--) {
      const level = levels[index];
      const binding = level?.vars.get(name);
      if (level && binding) found.push({ level: level.name, binding });
    }
    return found;
  };
  const evaluate = (name: string, node: Node, at: Position): unknown => {
    if (under.some((one) => one.name === name)) throw new UserError([cycle(under, name, at)]);
    under.push({ name, at });
    try {
      return renderNode(node, scope);
    } finally {
      under.pop();
    }
  };

  const scope: Scope = {
    find,
    has: (name) => levels.some((level) => level.vars.has(name)),
    names: () => [...new Set(levels.flatMap((level) => [...level.vars.keys()]))].sort(),
    lookup(name, at) {
      if (values.has(name)) return values.get(name);
      const binding = find(name)[0]?.binding;
      if (!binding) throw new UserError([undefinedVariable(name, at, scope.names())]);
      const value = 'data' in binding ? binding.data : evaluate(name, binding.node, at);
      values.set(name, value);
      return value;
    },
    with: (name, vars) => {
      const entries = Object.entries(vars);
      if (entries.length === 0) return scope;
      return makeScope([...levels, { name, vars: new Map(entries.map(([key, data]) => [key, { data }])) }]);
    },
  };
  return scope;
}

function cycle(under: readonly { name: string; at: Position }[], name: string, at: Position): Diagnostic {
  const from = under.findIndex((one) => one.name === name);
  const path = [...under.slice(from).map((one) => one.name), name].join(' → ');
  return mistake('VariableCycle', `this variable is defined by itself: ${path}`, at, 'break the circle at one of them');
}
