import { describe, expect, it } from 'vitest';
import { editXml } from '../../../src/domain-xml/edit.ts';
import { attributeOf } from '../../../src/domain-xml/element.ts';
import { rankOf } from '../../../src/domain-xml/order.ts';
import { parseXml } from '../../../src/domain-xml/parse.ts';
import { corpus } from '../../domain-xml/corpus.ts';

function edit(text: string, edits: Readonly<Record<string, string | null>>): string {
  const xml = parseXml(text);
  return editXml(
    xml,
    Object.entries(edits).map(([path, value]) => ({ at: xml.root, path, value })),
  );
}

describe('editing', () => {
  it('changes a value between its own quotes', () => {
    expect(edit(`<d  a = "1"\tb='2' ><!-- a="1" --></d>`, { '@a': `3<"'&`, '@b': `4"'` })).toBe(
      `<d  a = "3&lt;&quot;'&amp;"\tb='4"&apos;' ><!-- a="1" --></d>`,
    );
  });

  it('takes the last of several values for one text or attribute, however long', () => {
    const xml = parseXml(`<d a='1'><x>1<!-- one --></x></d>`);

    const edits = ['10', '200'].flatMap((value) => ['x', '@a'].map((path) => ({ at: xml.root, path, value })));

    expect(editXml(xml, edits)).toBe(`<d a='200'><x>200<!-- one --></x></d>`);
  });

  it('leaves remarks and instructions beside a text where they are', () => {
    const text = `<d><a>\n  <!-- <a>1</a> -->\n  <![CDATA[1]]>0<?x 1?> 2<!-- ]]> --></a><b><!-- none --></b></d>`;

    expect(edit(text, { a: 'x & $1', b: '3' })).toBe(
      `<d><a>\n  <!-- <a>1</a> -->\n  x &amp; $1<?x 1?><!-- ]]> --></a><b>3<!-- none --></b></d>`,
    );
  });

  it('leaves a remark with the tag that it stands behind', () => {
    expect(edit(`<disk> <!-- of it -->\n  <source/>\n</disk>`, { 'driver/@cache': 'none' })).toBe(
      `<disk> <!-- of it -->\n  <driver cache='none'/>\n  <source/>\n</disk>`,
    );
  });

  it('takes along what was to change inside of what goes', () => {
    expect(edit(`<d><x><y>1</y></x><z/></d>`, { 'x/y': '2000', x: null, 'z/@a': '1' })).toBe(`<d><z a='1'/></d>`);
  });

  it('adds an attribute behind the others, in their quotes', () => {
    expect(edit('<d><x a="1"/><y /></d>', { 'x/@b': '2', 'y/@c': '3' })).toBe(`<d><x a="1" b="2"/><y c='3' /></d>`);
  });

  it('takes out an attribute with the blanks before it, and an element with its line', () => {
    expect(edit(`<d>\n  <x a='1'  b='2'/>\n  <y>\n    1\n  </y>\n  <z/>\n</d>\n`, { 'x/@b': null, y: null })).toBe(
      `<d>\n  <x a='1'/>\n  <z/>\n</d>\n`,
    );
  });

  it('takes an element out of a line that it shares', () => {
    expect(edit('<d>\n  <x/><y/>\n</d>', { y: null, 'nothing/@there': null })).toBe('<d>\n  <x/>\n</d>');
  });

  it('puts new elements where libvirt has them, in the indentation that is there', () => {
    const text = `<domain>\r\n\t<name>a</name>\r\n\t<vcpu>2</vcpu> <!-- two -->\r\n\r\n\t<os/>\r\n</domain>\r\n`;

    expect(
      edit(text, { 'cputune/emulatorpin/@cpuset': '0', 'cputune/vcpupin[vcpu=0]/@cpuset': '1', iothreads: '1' }),
    ).toBe(
      `<domain>\r\n\t<name>a</name>\r\n\t<vcpu>2</vcpu> <!-- two -->\r\n\t<iothreads>1</iothreads>\r\n\t<cputune>\r\n\t\t<vcpupin vcpu='0' cpuset='1'/>\r\n\t\t<emulatorpin cpuset='0'/>\r\n\t</cputune>\r\n\r\n\t<os/>\r\n</domain>\r\n`,
    );
  });

  it('puts like elements in the order of their numbers', () => {
    const text = `<domain>\n  <cputune>\n    <vcpupin vcpu='1' cpuset='1'/>\n    <vcpupin vcpu='10' cpuset='1'/>\n  </cputune>\n</domain>`;

    expect(edit(text, { 'cputune/vcpupin[vcpu=9]/@cpuset': '9', 'cputune/vcpupin[vcpu=0]/@cpuset': '0' })).toBe(
      `<domain>\n  <cputune>\n    <vcpupin vcpu='0' cpuset='0'/>\n    <vcpupin vcpu='1' cpuset='1'/>\n    <vcpupin vcpu='9' cpuset='9'/>\n    <vcpupin vcpu='10' cpuset='1'/>\n  </cputune>\n</domain>`,
    );
  });

  it.each([
    [
      'an empty tag',
      `<domain>\n  <cpu mode='x'/>\n</domain>`,
      `<domain>\n  <cpu mode='x'>\n    <topology cores='2'/>\n  </cpu>\n</domain>`,
    ],
    [
      'white space',
      `<domain>\n  <cpu>\n  </cpu>\n</domain>`,
      `<domain>\n  <cpu>\n    <topology cores='2'/>\n  </cpu>\n</domain>`,
    ],
    [
      'a remark',
      `<domain>\n  <cpu>\n    <!-- x -->\n  </cpu>\n</domain>`,
      `<domain>\n  <cpu>\n    <!-- x -->\n    <topology cores='2'/>\n  </cpu>\n</domain>`,
    ],
    ['nothing', `<domain/>`, `<domain>\n  <cpu>\n    <topology cores='2'/>\n  </cpu>\n</domain>`],
    ['one line', `<domain><cpu/></domain>`, `<domain><cpu><topology cores='2'/></cpu></domain>`],
  ])('fills an element that has %s', (_, before, after) => {
    expect(edit(before, { 'cpu/topology/@cores': '2' })).toBe(after);
  });

  it('sets the text of an element, and makes one that is empty', () => {
    expect(
      edit(`<domain>\n  <vcpu>2</vcpu>\n  <title />\n</domain>`, { vcpu: '4', title: 'a<b', 'features/acpi': '' }),
    ).toBe(
      `<domain>\n  <title>a&lt;b</title>\n  <vcpu>4</vcpu>\n  <features>\n    <acpi/>\n  </features>\n</domain>`.replace(
        `  <title>a&lt;b</title>\n  <vcpu>4</vcpu>\n`,
        `  <vcpu>4</vcpu>\n  <title>a&lt;b</title>\n`,
      ),
    );
  });

  const written = corpus().filter(({ name }) => name.startsWith('qemuxml2xmlout'));
  it.skipIf(written.length === 0)("knows the order in which libvirt writes, by libvirt's own files", () => {
    for (const { name, text } of written) {
      const look = (element: ReturnType<typeof parseXml>['root']): void => {
        // NICs that are passed through have their VLAN before their virtual port, all others after it.
        if (attributeOf(element, 'type') === 'hostdev') return;
        const ranks = element.children.map((child) => rankOf(element.name, child.name));
        expect(ranks, `${name}: ${element.children.map((child) => child.name)}`).toEqual(
          [...ranks].sort((a, b) => a - b),
        );
        element.children.forEach(look);
      };
      look(parseXml(text).root);
    }
  });
});
