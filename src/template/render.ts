import { mistake, UserError } from '../source/diagnostic.ts';
import type { Node, Scalar } from '../source/node.ts';
import { positionIn } from '../source/position-in.ts';
import { keepSecret } from '../source/secrets.ts';
import { evaluateText } from './evaluate.ts';
import { OMIT } from './omit.ts';
import { parseTemplate } from './parse-template.ts';
import type { Scope } from './scope.ts';

/** Whether anything in it would be rendered. */
export function isTemplated(node: Node): boolean {
  if (node.kind === 'list') return node.items.some(isTemplated);
  if (node.kind === 'map') return node.entries.some((entry) => isTemplated(entry.value));
  return typeof node.value === 'string' && node.tag === undefined && node.value.includes('{{');
}

/**
 * The value of a node with every template in it rendered. A text that is one `{{ expression }}` and nothing else keeps
 * the type of its value. Throws `NotKnown` when any of it is unknown.
 */
export function renderNode(node: Node, scope: Scope): unknown {
  if (node.kind === 'list') return node.items.map((item) => renderPart(item, scope)).filter((item) => item !== OMIT);
  if (node.kind === 'map') {
    const entries = node.entries.map((entry) => [entry.key, renderPart(entry.value, scope)] as const);
    return Object.fromEntries(entries.filter(([, value]) => value !== OMIT));
  }
  return renderScalar(node, scope);
}

/** What stands in a list or a mapping, and so can be left out of it. */
const renderPart = (node: Node, scope: Scope): unknown =>
  node.kind === 'scalar' ? renderOrOmit(node, scope) : renderNode(node, scope);

/** One text or other scalar, rendered. */
export function renderScalar(scalar: Scalar, scope: Scope): unknown {
  const value = renderOrOmit(scalar, scope);
  if (value !== OMIT) return value;
  const hint = 'write {{default name omit}} at the parameter itself';
  throw new UserError([mistake('MisplacedOmit', 'there is nothing here to leave out', scalar.at, hint)]);
}

function renderOrOmit(scalar: Scalar, scope: Scope): unknown {
  if (scalar.tag === '!vault' || scalar.tag === '!age') return opened(scalar);
  if (typeof scalar.value !== 'string' || !isTemplated(scalar)) return scalar.value;
  const locate = (index: number, length?: number) => positionIn(scalar, index, length);
  const program = parseTemplate(scalar.value, locate);
  const value = evaluateText(program, scope, locate);
  // What a secret template makes is one, too: `{{ user }}:{{ password }}`.
  if (scalar.secret && value !== OMIT) keepSecret(value);
  return value;
}

/** As with Ansible no template in it is rendered: a password may hold `{{`. */
function opened({ open, at }: Scalar): string {
  const hint = 'give --vault-password-file, or --age-identity';
  if (!open)
    throw new UserError([mistake('VaultLocked', 'this value is encrypted, and nothing opens it here', at, hint)]);
  try {
    return open();
  } catch (error) {
    // One text may stand in several places, and is opened once.
    if (error instanceof UserError) throw new UserError(error.diagnostics.map((one) => ({ ...one, at })));
    throw error;
  }
}
