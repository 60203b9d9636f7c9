import { parseXmlDocument } from 'slimdom';
import type { Element, Xml } from './element.ts';
import { scan } from './scan.ts';

/** Above this no text is read, in bytes of UTF-8. libvirt itself takes 10 MB. */
const MOST_BYTES = 10_000_000;

type Code = 'XmlTooLarge' | 'XmlDoctype' | 'XmlTooDeep' | 'XmlEntity' | 'XmlEncoding' | 'NotWellFormed' | 'NotADomain';

/** Why a text is no domain XML that kvmplay would work on. Lines and columns count from 1. */
export class XmlMistake extends Error {
  readonly code: Code;
  readonly line: number;
  readonly column: number;
  readonly hint: string | undefined;

  constructor(code: Code, message: string, place: { readonly line: number; readonly column: number }, hint?: string) {
    super(message);
    this.name = 'XmlMistake';
    this.code = code;
    this.line = place.line;
    this.column = place.column;
    this.hint = hint;
  }
}

/**
 * A text as XML: strictly, or not at all. No DOCTYPE, no entities but XML's own five, no more than 10 MB, no more than 256
 * levels. Throws `XmlMistake`.
 */
export function parseXml(text: string): Xml {
  const known = recent.find((one) => one.text === text);
  if (known) return known;
  const xml = readXml(text);
  recent.unshift(xml);
  recent.length = Math.min(recent.length, RECENT);
  return xml;
}

/** The last texts: on its way through a module each is asked for several times, and strict reading takes long. */
const recent: Xml[] = [];
const RECENT = 4;

function readXml(text: string): Xml {
  const top = { line: 1, column: 1 };
  const bytes = Buffer.byteLength(text);
  if (bytes > MOST_BYTES)
    throw new XmlMistake('XmlTooLarge', `${bytes} bytes of XML are too many: libvirt takes 10 MB`, top);
  const [, encoding] = /^\ufeff?<\?xml\s[^>]*?encoding\s*=\s*["']([^"']*)["']/.exec(text) ?? [];
  if (encoding !== undefined && !/^(utf-?8|us-ascii)$/i.test(encoding))
    throw new XmlMistake(
      'XmlEncoding',
      `it calls itself ${encoding}, and kvmplay reads UTF-8`,
      top,
      'convert it: `iconv -t UTF-8`, and take the encoding out of its first line',
    );
  const root = scan(text);
  if (root && 'code' in root) throw refusal(root.code, placeOf(text, root.offset));
  try {
    parseXmlDocument(text.replace(/^\ufeff/, ''));
  } catch (error) {
    throw malformed(error);
  }
  if (!root) throw new Error('the scanner lost its way in XML that is well-formed');
  return { text, root };
}

/** The same, of a domain. Throws `XmlMistake`. */
export function parseDomain(text: string): Xml {
  const xml = parseXml(text);
  if (xml.root.name === 'domain' && xml.root.uri === '') return xml;
  const inside = domainIn(xml.root);
  throw new XmlMistake(
    'NotADomain',
    xml.root.name === 'domain'
      ? `its <domain> is one of the namespace ${xml.root.uri}, and libvirt's has none`
      : `its root is <${xml.root.name}>, not <domain>`,
    placeOf(text, xml.root.at.start),
    inside ? 'the <domain> inside is what `virsh dumpxml` prints: take that out, and work on it' : undefined,
  );
}

const domainIn = (element: Element): boolean => element.children.some((one) => one.name === 'domain' || domainIn(one));

function refusal(code: 'Doctype' | 'TooDeep', place: { line: number; column: number }): XmlMistake {
  if (code === 'TooDeep') return new XmlMistake('XmlTooDeep', 'elements stand in each other more than 256 deep', place);
  return new XmlMistake(
    'XmlDoctype',
    'a DOCTYPE cannot stand in domain XML',
    place,
    'libvirt has no use for it: take it out',
  );
}

/** slimdom's words: what is wrong, then `At line 1, character 7:` and the line. */
function malformed(error: unknown): XmlMistake {
  const words = error instanceof Error ? error.message : String(error);
  const [, line = '1', column = '1'] = /\nAt line (\d+), character (\d+)/.exec(words) ?? [];
  const [first = ''] = words.split('\n');
  const place = { line: Number(line), column: Number(column) };
  const [, entity] = /reference to unknown entity "([^"]*)"/.exec(first) ?? [];
  if (entity !== undefined)
    return new XmlMistake(
      'XmlEntity',
      `there is no entity &${entity}; in domain XML`,
      place,
      'write &amp; for an ampersand; &lt; &gt; &apos; &quot; are there besides',
    );
  // slimdom quotes what it would have had, and has sentences there, too.
  const plain = first.replace(/^Parsing document failed, /, '').replace(/^expected (["'])(.* must .*)\1$/, '$2');
  return new XmlMistake('NotWellFormed', plain, place);
}

/** Where an offset is. */
export function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}

/** One element with what is in it. A prefix that the guest's XML declares may be used. Throws `XmlMistake`. */
export function parseFragment(text: string): Element {
  const prefixes = new Set([...text.matchAll(/<\/?([\w.-]+):/g)].map(([, prefix = '']) => prefix));
  const declared = [...prefixes].map((prefix) => ` xmlns:${prefix}="urn:any:${prefix}"`).join('');
  const { root } = parseXml(`<fragment${declared}>${text}</fragment>`);
  const [only, second] = root.children;
  const place = { line: 1, column: 1 };
  if (!only) throw new XmlMistake('NotWellFormed', 'there is no element in it', place);
  if (second || root.text.trim() !== '')
    throw new XmlMistake('NotWellFormed', 'there is more than one element in it', place, 'add each by itself');
  return only;
}
