import { describe, expect, it } from 'vitest';
import { parseDomain, parseXml, XmlMistake } from '../../../src/domain-xml/parse.ts';
import { valueAt } from '../../../src/domain-xml/path.ts';

function refusalOf(text: string): string {
  try {
    parseDomain(text);
    return 'none';
  } catch (error) {
    if (!(error instanceof XmlMistake)) throw error;
    return `${error.code} at ${error.line}:${error.column}`;
  }
}

describe('domain XML', () => {
  it.each([
    ['a DOCTYPE', '<?xml version="1.0"?>\n<!DOCTYPE domain SYSTEM "x">\n<domain/>', 'XmlDoctype at 2:1'],
    ['a DOCTYPE with entities that grow', '<!DOCTYPE d [<!ENTITY a "b">]><d>&a;</d>', 'XmlDoctype at 1:1'],
    ['an entity that nobody declared', '<domain>\n <name>a&nbsp;b</name></domain>', 'XmlEntity at 2:9'],
    ['256 levels and one more', `<domain>${'<a>'.repeat(256)}${'</a>'.repeat(256)}</domain>`, 'XmlTooDeep at 1:774'],
    ['20,000 levels that do not end', '<domain>'.repeat(20_000), 'XmlTooDeep at 1:2049'],
    ['more than 10 MB', `<domain>${'é'.repeat(5_000_000)}</domain>`, 'XmlTooLarge at 1:1'],
    ['another encoding', '<?xml version="1.0" encoding="ISO-8859-1"?><domain/>', 'XmlEncoding at 1:1'],
    ['an end tag of another element', '<domain>\n  <name>a</nome>\n</domain>', 'NotWellFormed at 2:10'],
    ['an end tag that is missing', '<domain>\n  <name>', 'NotWellFormed at 2:4'],
    ['an attribute twice', "<domain a='1' a='2'/>", 'NotWellFormed at 1:15'],
    ['an attribute without quotes', '<domain id=1/>', 'NotWellFormed at 1:12'],
    ['a prefix without a namespace', '<domain><qemu:commandline/></domain>', 'NotWellFormed at 1:10'],
    ['two roots', '<domain/><domain/>', 'NotWellFormed at 1:11'],
    ['nothing', '', 'NotWellFormed at 1:1'],
    ['a snapshot', '<domainsnapshot>\n<domain/></domainsnapshot>', 'NotADomain at 1:1'],
  ])('with %s is refused', (_, text, refusal) => {
    expect(refusalOf(text)).toBe(refusal);
  });

  it.each([
    ['<domain><name>&#1;</name></domain>', 'character reference must reference a valid character'],
    ["<domain xmlns='urn:x'/>", "its <domain> is one of the namespace urn:x, and libvirt's has none"],
    ['<domain a=1/>', 'quoted attribute value'],
  ])('of %s is said what is wrong with it', (text, words) => {
    expect(() => parseDomain(text)).toThrow(words);
    expect(() => parseDomain(text)).not.toThrow(/expected ["']character|not <domain>/);
  });

  it('is read with CDATA, remarks, processing instructions, character references and namespaces', () => {
    const { root } = parseXml(
      `\ufeff<?xml version='1.0'?><!-- <a> --><domain xmlns:q="urn:q"><?x <y> ?><name><![CDATA[a<b]]>&#x26;&#99;</name>` +
        `<q:x y = "&lt;&quot;"  z='>'/></domain>\n`,
    );

    expect(valueAt(root, 'name')).toBe('a<b&c');
    expect(valueAt(root, 'q:x/@y')).toBe('<"');
    expect(valueAt(root, 'q:x/@z')).toBe('>');
    expect(root.children.map(({ name, uri }) => [name, uri])).toEqual([
      ['name', ''],
      ['q:x', 'urn:q'],
    ]);
  });
});
