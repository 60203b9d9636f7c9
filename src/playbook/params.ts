import { type Diagnostic, mistake } from '../source/diagnostic.ts';
import { describeNode, type Entry, type MapNode, type Node } from '../source/node.ts';
import { conditionMistakes, isTemplated, templateMistakes } from '../template/index.ts';
import { badVariableName } from './readers.ts';
import { shortName } from './short-name.ts';

/** A module's parameters: the mapping under its name and the one under `args`, together. */
export function paramsOf(module: Entry, args: MapNode | undefined, found: Diagnostic[]): MapNode {
  const own = ownParams(module, found);
  const params = { ...own, entries: [...own.entries, ...(args?.entries ?? [])] };
  for (const entry of args?.entries ?? []) {
    if (!own.entries.some(({ key }) => key === entry.key)) continue;
    const message = `"${entry.key}" stands under "${module.key}" and under "args"`;
    found.push(mistake('RepeatedKey', message, entry.keyAt, 'give it once'));
  }
  return params;
}

/** Everything that can be said of parameters before they are rendered. */
export function checkParams(module: string, params: MapNode, found: Diagnostic[]): void {
  for (const entry of params.entries) {
    const { key, value } = entry;
    if (module === 'assert' && key === 'that') {
      for (const item of value.kind === 'list' ? value.items : [value])
        if (item.kind === 'scalar') found.push(...conditionMistakes(item));
    } else if (module === 'debug' && key === 'var') found.push(...nameMistakes(value));
    else if (module === 'set_fact') found.push(...factMistakes(entry), ...templateMistakes(value));
    else found.push(...templateMistakes(value));
  }
}

/** The `var` of `debug`: what a template would give is no name, and may have come from a host. */
function nameMistakes(value: Node): readonly Diagnostic[] {
  if (value.kind !== 'scalar') return [];
  const hint = 'write var: name, or msg: "{{ name }}"';
  if (isTemplated(value))
    return [mistake('BadValue', '"var" takes the name of a variable, and no template', value.at, hint)];
  return templateMistakes({ ...value, value: `{{ ${value.value} }}` });
}

function factMistakes({ key, keyAt }: Entry): readonly Diagnostic[] {
  if (key === 'cacheable') {
    const hint = 'take it out: what is set holds for the run, and facts of the host are read anew in each';
    return [mistake('NotSupported', '"cacheable" is not part of this language', keyAt, hint)];
  }
  const wrong = badVariableName(key, keyAt);
  return wrong ? [wrong] : [];
}

function ownParams({ key, value, keyAt }: Entry, found: Diagnostic[]): MapNode {
  if (value.kind === 'map') return value;
  const nothing: MapNode = { kind: 'map', entries: [], at: value.at };
  if (value.kind === 'scalar' && value.value === null) return { ...nothing, at: keyAt };
  found.push(freeForm(key, value));
  return nothing;
}

const PAIR = /(\w+)=("[^"]*"|'[^']*'|\{\{.*?\}\}|\S+)/g;
const PAIRS = /^(?:\s*\w+=(?:"[^"]*"|'[^']*'|\{\{.*?\}\}|\S+))+\s*$/;

/** `sysctl: name=vm.swappiness value=10`, `command: uptime` */
function freeForm(module: string, value: Node): Diagnostic {
  const written = value.kind === 'scalar' ? String(value.value) : '';
  const pairs = PAIRS.test(written) ? [...written.matchAll(PAIR)] : [];
  const message = `the parameters of "${module}" are a mapping, not ${pairs.length > 0 ? 'k=v words' : describeNode(value)}`;
  const glued = /^(\w+):(\S.*)$/.exec(written);
  if (glued) {
    const hint = `put a space behind the colon: ${glued[1]}: ${glued[2]}`;
    return mistake('FreeFormParameters', message, value.at, hint);
  }
  const mapping = pairs.map(([, name = '', given = '']) => `${name}: ${given.startsWith('{') ? `"${given}"` : given}`);
  const hint =
    pairs.length > 0
      ? `write ${module}: { ${mapping.join(', ')} }`
      : shortName(module) === 'command' && written.trim() !== ''
        ? `write command: { ${commandOf(written.trim())} }`
        : `see kvmplay doc ${shortName(module)}`;
  return mistake('FreeFormParameters', message, value.at, hint);
}

/** Its words, or the whole line where quotes or templates hold words together. */
const commandOf = (line: string): string =>
  /^[\w@%+=:./\s-]+$/.test(line)
    ? `argv: [${line.split(/\s+/).join(', ')}]`
    : `cmd: ${line.includes("'") ? JSON.stringify(line) : `'${line}'`}`;
