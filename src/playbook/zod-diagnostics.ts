import type { z } from 'zod';
import { type Diagnostic, mistake, type Position } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import type { Node } from '../source/node.ts';

/** A schema's refusal as mistakes at the places in the YAML that they are about. */
export function zodDiagnostics(error: z.ZodError, node: Node, known: readonly string[] = []): Diagnostic[] {
  return error.issues.flatMap((issue) => {
    const place = find(node, issue.path);
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) =>
        mistake('UnknownParameter', `there is no parameter "${key}"`, keyAt(place, key), didYouMean(key, known)),
      );
    const path = issue.path.join('.');
    return [mistake('BadParameter', path === '' ? issue.message : `${path}: ${issue.message}`, place.at)];
  });
}

/** The innermost node on the way of a path that is there. */
function find(node: Node, path: readonly PropertyKey[]): Node {
  const [head, ...rest] = path;
  if (head === undefined) return node;
  const next =
    node.kind === 'map'
      ? node.entries.find((entry) => entry.key === String(head))?.value
      : node.kind === 'list'
        ? node.items[Number(head)]
        : undefined;
  return next ? find(next, rest) : node;
}

const keyAt = (node: Node, key: string): Position =>
  (node.kind === 'map' ? node.entries.find((entry) => entry.key === key)?.keyAt : undefined) ?? node.at;
