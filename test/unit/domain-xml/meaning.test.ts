import { describe, expect, it } from 'vitest';
import { excerptOf } from '../../../src/domain-xml/excerpt.ts';
import { tell } from '../../../src/domain-xml/field.ts';
import { sameMeaning } from '../../../src/domain-xml/meaning.ts';
import { mergeFields } from '../../../src/domain-xml/merge.ts';
import { parseXml } from '../../../src/domain-xml/parse.ts';

const same = (a: string, b: string) =>
  sameMeaning(parseXml(`<domain>${a}</domain>`), parseXml(`<domain>${b}</domain>`));

describe('two XMLs mean the same', () => {
  it.each([
    ['attributes in another order, other quotes', `<x a='1' b="2"/>`, `<x b='2' a='1' ></x>`],
    ['elements in another order', '<vcpu>1</vcpu><os/>', '<os/>\n  <vcpu> 1 </vcpu>'],
    ['remarks and processing instructions', '<os/>', '<!-- a --><os><?b c?></os>'],
    ['character references', '<name>a&amp;b</name>', '<name>a&#38;<![CDATA[b]]></name>'],
    ['units of sizes', "<memory unit='MiB'>1</memory>", '<memory>1024</memory>'],
    ['units of sizes, decimal', "<memory unit='KB'>1024</memory>", "<memory unit='b'>1024000</memory>"],
    ['units of pages', "<page size='2' unit='M'/>", "<page size='2048' unit='KiB'/>"],
    ['lists of CPUs', "<vcpupin cpuset='0-3,^2'/>", "<vcpupin cpuset='0,1,3'/>"],
    [
      'what a running guest shows',
      "<disk><source file='a' index='1'/></disk>",
      "<disk><source file='a'/><backingStore/><alias name='virtio-disk0'/></disk>",
    ],
    ['what libvirt fills in', '<vcpu>1</vcpu>', "<vcpu placement='static'>1</vcpu>"],
  ])('with %s', (_, a, b) => {
    expect(same(a, b)).toBe(true);
    expect(same(b, a)).toBe(true);
  });

  it.each([
    ['other sizes', "<memory unit='MiB'>1</memory>", '<memory>1000</memory>'],
    ['other CPUs', "<vcpupin cpuset='0-3'/>", "<vcpupin cpuset='0-2'/>"],
    ['like elements in another order', "<disk a='1'/><disk a='2'/>", "<disk a='2'/><disk a='1'/>"],
    ['an element less', '<os/><features/>', '<os/>'],
    ["a user's own alias", "<disk><alias name='ua-1'/></disk>", '<disk/>'],
    ['other metadata', '<metadata><a>1</a></metadata>', '<metadata><a>2</a></metadata>'],
  ])('but not with %s', (_, a, b) => {
    expect(same(a, b)).toBe(false);
  });
});

it('an excerpt shows no password', () => {
  const domain = (port: string) => parseXml(`<domain><graphics type='vnc' port='${port}' passwd='s3cret'/></domain>`);

  expect(excerptOf(domain('1'), domain('2')).after).toBe("<domain>\n  <graphics passwd='***' port='2' type='vnc'/>\n");
});

it('nothing that is told of shows a secret', () => {
  const domain = (one: string) =>
    parseXml(
      `<domain><graphics type='vnc' passwd='${one}'/><cookies><cookie name='a'>${one}</cookie></cookies></domain>`,
    );
  const [was, wanted] = [domain('s3cret'), domain('s3cret2')];
  const { before, after } = excerptOf(was, wanted);

  const told = [before, after, ...mergeFields(was.root, wanted.root).map(tell)];

  expect(told).toContain('graphics vnc: another passwd');
  expect(told.join('\n')).not.toContain('s3cret');
});

it('an excerpt shows what differs, and which device it is', () => {
  const disk = (dev: string, driver: string) => `<disk><driver name='qemu'${driver}/><target dev='${dev}'/></disk>`;
  const domain = (driver: string, more = '') =>
    parseXml(
      `<domain><name>a</name>${more}<devices>${disk('vda', '')}${disk('vdb', driver)}<video/></devices></domain>`,
    );

  expect(excerptOf(domain(''), domain(" cache='none'", "<cputune><emulatorpin cpuset='0'/></cputune>"))).toEqual({
    before: `<domain>
  <devices>
    <disk>
      <driver name='qemu'/>
      <target dev='vdb'/>
`,
    after: `<domain>
  <cputune>
    <emulatorpin cpuset='0'/>
  <devices>
    <disk>
      <driver cache='none' name='qemu'/>
      <target dev='vdb'/>
`,
  });
  expect(excerptOf(domain(''), domain(''))).toEqual({ before: '', after: '' });
});
