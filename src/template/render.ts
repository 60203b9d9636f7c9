import { mistake, UserError } from '../source/diagnostic.ts';
import type { Node, Scalar } from '../source/node.ts';
import { positionIn } from '../source/position-in.ts';
import { evaluateText } from './evaluate.ts';
import { parseTemplate } from './parse-template.ts';
import type { Scope } from './scope.ts';

/** Whether anything in it would be rendered. */
export function isTemplated(node: Node): boolean {
  if (node.kind === 'list') return node.items.some(isTemplated);
  if (node.kind === 'map') return node.entries.some((entry) => isTemplated(entry.value));
  return typeof node.value === 'string' && node.tag !== '!unsafe' && node.value.includes('{{');
}

/**
 * The value of a node with every template in it rendered. A text that is one `{{ expression }}` and nothing else keeps
 * the type of its value. Throws `NotKnown` when any of it is unknown.
 */
export function renderNode(node: Node, scope: Scope): unknown {
  if (node.kind === 'list') return node.items.map((item) => renderNode(item, scope));
  if (node.kind === 'map')
    return Object.fromEntries(node.entries.map((entry) => [entry.key, renderNode(entry.value, scope)]));
  return renderScalar(node, scope);
}

/** One text or other scalar, rendered. */
export function renderScalar(scalar: Scalar, scope: Scope): unknown {
  if (scalar.tag === '!vault' && String(scalar.value).startsWith('$ANSIBLE_VAULT;'))
    throw new UserError([
      mistake(
        'VaultLocked',
        'this value is encrypted and no password opens it',
        scalar.at,
        'give --vault-password-file',
      ),
    ]);
  if (typeof scalar.value !== 'string' || !isTemplated(scalar)) return scalar.value;
  const locate = (index: number, length?: number) => positionIn(scalar, index, length);
  const program = parseTemplate(scalar.value, locate);
  return evaluateText(program, scope, locate);
}
