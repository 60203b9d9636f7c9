import { describe, expect, it } from 'vitest';
import { domain_xml } from '../../../modules/domain_xml.ts';
import { exampleGuest } from '../../../src/domain-xml/index.ts';
import { mistakesIn, planOn, problemOn } from '../../support/plan.ts';

const CONFIG = '/etc/libvirt/qemu/web1.xml';
const xml = exampleGuest('config').replace(
  '    <graphics',
  "    <disk type='block' device='disk'>\n      <source dev='/dev/vg0/a b'/>\n      <target dev='vdb' bus='virtio'/>\n    </disk>\n    <graphics",
);

async function editedBy(given: Record<string, unknown>, text = xml): Promise<string> {
  const { changes } = await planOn(domain_xml, { guests: 'all', ...given }, { [CONFIG]: text });
  const [change] = changes;
  return change?.after.is === 'text' ? change.after.text : text;
}

describe('domain_xml', () => {
  it.each([
    ['an attribute', { set: [{ path: 'clock/@offset', value: 'localtime' }] }, "<clock offset='localtime'/>"],
    ['a text', { set: [{ path: 'on_crash', value: 'preserve' }] }, '<on_crash>preserve</on_crash>'],
    [
      'of a disk that is told by its target',
      { set: [{ path: 'devices/disk[target/@dev=vdb]/@snapshot', value: 'no' }] },
      "<disk type='block' device='disk' snapshot='no'>",
    ],
    [
      'of one that is told by a value with a blank in it',
      { set: [{ path: 'devices/disk[source/@dev="/dev/vg0/a b"]/driver/@type', value: 'raw' }] },
      "<driver type='raw'/>\n      <source dev='/dev/vg0/a b'/>",
    ],
    [
      'of the second one',
      { set: [{ path: 'devices/disk[2]/@sgio', value: 'filtered' }] },
      "<disk type='file' device='cdrom' sgio='filtered'>",
    ],
    [
      'what is made, with all that leads there',
      { set: [{ path: 'features/hyperv/spinlocks/@retries', value: 8191 }] },
      "  <features>\n    <hyperv>\n      <spinlocks retries='8191'/>\n    </hyperv>\n  </features>\n  <clock",
    ],
    [
      'what is made, by the attributes that choose it',
      { set: [{ path: 'clock/timer[@name=hpet]/@present', value: 'no' }] },
      "<timer name='hpet' present='no'/>",
    ],
    [
      'an element',
      { add: [{ to: 'devices', xml: '<vsock model="virtio"><cid auto="yes"/></vsock>' }] },
      "    <vsock model='virtio'>\n      <cid auto='yes'/>\n    </vsock>\n  </devices>",
    ],
  ])('sets %s', async (_, given, expected) => {
    const edited = await editedBy(given);

    expect(edited).toContain(expected);
    expect(await editedBy(given, edited)).toBe(edited);
  });

  it('takes out all that a path finds, and nothing else', async () => {
    const edited = await editedBy({ remove: ['devices/disk', 'devices/disk/target', 'clock/@offset'] });

    expect(edited).toBe(xml.replaceAll(/ {4}<disk[\s\S]*?<\/disk>\n/g, '').replace(" offset='utc'", ''));
  });

  it('is content with an element that says more', async () => {
    const given = { add: [{ to: 'devices', xml: "<disk device='disk'><target dev='vdb'/></disk>" }] };

    expect(await editedBy(given)).toBe(xml);
  });

  it.each([
    ['no path', { set: [{ path: 'clock//@offset', value: 'x' }] }],
    ['a test that is none', { remove: ['devices/disk[=vda]'] }],
    ['a secret', { set: [{ path: 'devices/graphics/@passwd', value: 'x' }] }],
    ['the name', { set: [{ path: 'name', value: 'x' }] }],
    ['all devices', { remove: ['devices'] }],
    ['XML that is not well-formed', { add: [{ to: 'devices', xml: '<rng>' }] }],
    ['two elements', { add: [{ to: 'devices', xml: '<rng/><rng/>' }] }],
    ['nothing', {}],
  ])('refuses %s before any host', (_, given) => {
    expect(mistakesIn(domain_xml, { guests: 'all', ...given })).not.toEqual([]);
  });

  it('does not guess how something is made, or empty what has elements in it', async () => {
    const problem = (path: string) =>
      problemOn(domain_xml, { guests: 'all', set: [{ path, value: 'x' }] }, { [CONFIG]: xml });

    expect(await problem('devices/disk[target/@dev=vdz]/@x')).toMatch(/^NothingThere/);
    expect(await problem('devices/interface/model/@type')).toMatch(/^NothingThere.*`add`/);
    expect(await problem('devices/disk[@device=lun]/driver/@cache')).toMatch(/^NothingThere/);
    expect(await problem('devices/disk')).toMatch(/^NotAText/);
  });
});
