import { attributeOf, type Element } from './element.ts';
import { bytesIn } from './meaning.ts';

/** A size that stands in an element's text or attribute, in KiB, whatever its unit; undefined where it is none. */
export function kibAt(element: Element, attribute?: string): number | undefined {
  const digits = attribute === undefined ? element.text.trim() : attributeOf(element, attribute);
  const bytes = digits === undefined ? undefined : bytesIn(digits, attributeOf(element, 'unit'));
  return bytes === undefined ? undefined : Number(bytes / 1024n);
}
