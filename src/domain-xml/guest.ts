import { type GuestPlane, type GuestXml, matches, nearest, Problem } from '../contract/index.ts';
import { childOf, type Element, type Xml } from './element.ts';
import { parseDomain, XmlMistake } from './parse.ts';

/** A guest on one of its planes, as a module looks at it. */
export interface Guest {
  readonly name: string;
  readonly plane: GuestPlane;
  /** The `<domain>` element. */
  readonly domain: Element;
}

/** Which guests a task is about: by name or pattern, by tag, or all. */
export interface Choice {
  readonly guests?: readonly string[] | undefined;
  readonly tag?: string | undefined;
}

/** The namespace of what kvmplay keeps in a guest's `<metadata>`. */
export const NAMESPACE = 'urn:kvmplay:guest';

/** The XML of a guest. Throws `Problem` BadDomainXml. */
export function parseGuest(name: string, text: string): Xml {
  try {
    return parseDomain(text);
  } catch (error) {
    if (!(error instanceof XmlMistake)) throw error;
    throw new Problem('BadDomainXml', `the XML of the guest ${name}, line ${error.line}: ${error.message}`, error.hint);
  }
}

/** The guests that are chosen, by name. Throws `Problem` NoSuchGuest for a name that nobody has. */
export function chosenGuests(all: ReadonlyMap<string, GuestXml>, { guests, tag }: Choice): readonly GuestXml[] {
  const names = guests?.filter((word) => word !== 'all');
  for (const name of names ?? [])
    if (!isPattern(name) && !all.has(name))
      throw new Problem('NoSuchGuest', `there is no guest "${name}" on this host`, nearestHint(name, [...all.keys()]));
  return [...all.values()].filter(
    (guest) =>
      (guests === undefined || guests.includes('all') || names?.some((word) => fitsName(word, guest.name)) === true) &&
      (tag === undefined || tagsOf(guest).includes(tag)),
  );
}

/** Whether a word may stand for many names. */
export const isPattern = (word: string): boolean => word === 'all' || /[*?[]/.test(word);

const fitsName = (word: string, name: string): boolean => (isPattern(word) ? matches(word, name) : word === name);

function nearestHint(name: string, names: readonly string[]): string {
  const found = nearest(name, names);
  if (found !== undefined) return `did you mean "${found}"?`;
  return names.length === 0 ? 'it has none' : `it has ${names.slice(0, 8).join(', ')}${names.length > 8 ? ' …' : ''}`;
}

/** `<kvmplay:tags xmlns:kvmplay="urn:kvmplay:guest">web db</kvmplay:tags>` in the guest's metadata. */
function tagsOf({ name, config, live }: GuestXml): readonly string[] {
  const { root } = parseGuest(name, config ?? live ?? '');
  const tags = childOf(root, 'metadata')?.children.find(
    (one) => one.uri === NAMESPACE && one.name.replace(/^.*:/, '') === 'tags',
  );
  return tags?.text.split(/[\s,]+/).filter(Boolean) ?? [];
}
