import { UserError } from '../source/diagnostic.ts';
import type { Node, Scalar } from '../source/node.ts';
import { keepSecret } from '../source/secrets.ts';
import { type Keyring, openSealed } from './keyring.ts';

export type OpenBytes = (envelope: string, file: string) => Promise<Buffer>;

/** Opens what readers of files meet. Both throw nothing but `UserError`. */
export interface Locksmith {
  /** A file that is encrypted as a whole, when it is read. */
  readonly openFile: (text: string, file: string) => Promise<string>;
  /** The same for a file that need not be text. */
  readonly openBytes: OpenBytes;
  /** The same tree with `open` on each encrypted value: it gives the plain text, or throws when it is used. */
  readonly unseal: (node: Node) => Promise<Node>;
}

/** Values are opened side by side, each text once, however many hosts have it. */
export function makeLocksmith(keyring: Keyring): Locksmith {
  const known = new Map<string, Promise<() => string>>();

  const opened = async (scalar: Scalar): Promise<() => string> => {
    try {
      const { plain } = await openSealed(String(scalar.value), keyring, undefined);
      const text = plain.toString();
      keepSecret(text);
      return () => text;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return () => {
        throw error;
      };
    }
  };
  const openOnce = (scalar: Scalar): Promise<() => string> => {
    const key = String(scalar.value).replaceAll(/\s+/g, '\n');
    const opening = known.get(key) ?? opened(scalar);
    known.set(key, opening);
    return opening;
  };

  const unseal = async (node: Node): Promise<Node> => {
    if (!holdsSealed(node)) return node;
    if (node.kind === 'list') return { ...node, items: await Promise.all(node.items.map(unseal)) };
    if (node.kind === 'map') {
      const entries = node.entries.map(async (entry) => ({ ...entry, value: await unseal(entry.value) }));
      return { ...node, entries: await Promise.all(entries) };
    }
    const open = await openOnce(node);
    return { ...node, open };
  };
  const openBytes: OpenBytes = async (text, file) => {
    const at = { file, line: 1, column: 1, length: text.split('\n', 1)[0]?.length ?? 1 };
    return (await openSealed(text, keyring, at)).plain;
  };
  return { unseal, openBytes, openFile: async (text, file) => (await openBytes(text, file)).toString() };
}

const isSealedScalar = (node: Scalar): boolean => node.tag === '!vault' || node.tag === '!age';

function holdsSealed(node: Node): boolean {
  if (node.kind === 'list') return node.items.some(holdsSealed);
  if (node.kind === 'map') return node.entries.some(({ value }) => holdsSealed(value));
  return isSealedScalar(node);
}
