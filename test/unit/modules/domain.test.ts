import { describe, expect, it } from 'vitest';
import { domain } from '../../../modules/domain.ts';
import { exampleGuest } from '../../../src/domain-xml/index.ts';
import { mistakesIn, planOn, problemOn, summaryOf } from '../../support/plan.ts';

const CONFIG = '/etc/libvirt/qemu/web1.xml';
const LIVE = '/run/libvirt/qemu/web1.xml';
const NIC = `    <interface type='network'>
      <mac address='52:54:00:aa:bb:cc'/>
      <source network='default'/>
      <model type='virtio'/>
      <address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>
    </interface>
`;
const guest = exampleGuest('config').replace('    <graphics', `${NIC}    <graphics`);
const wanted = (devices: string, more = '') =>
  `<domain type='kvm'><name>web1</name>${more}<devices>${devices}</devices></domain>`;
const DISK = "<disk type='file' device='disk'><target dev='vda' bus='virtio'/></disk>";
const CDROM = "<disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>";
const VNC = "<graphics type='vnc' port='-1'/>";
const NET = "<interface type='network'><source network='default'/><model type='virtio'/></interface>";

const textOf = (plan: Awaited<ReturnType<typeof planOn>>) => {
  const after = plan.changes.find(({ plane }) => plane === 'persistent')?.after;
  return after?.is === 'text' ? after.text : undefined;
};
const defineOn = (xml: string, files: Record<string, string> = { [CONFIG]: guest }) =>
  planOn(domain, { name: 'web1', xml }, files);

describe('domain', () => {
  it('keeps the UUID, the MAC address, the addresses, and what other modules have set', async () => {
    const tuned = guest.replace(
      '<iothreads>1</iothreads>',
      "<iothreads>1</iothreads>\n  <cputune>\n    <vcpupin vcpu='0' cpuset='4'/>\n  </cputune>",
    );

    const plan = await defineOn(wanted(DISK + CDROM + VNC + NET, "<memory unit='GiB'>2</memory>"), { [CONFIG]: tuned });

    expect(textOf(plan)).toBe(tuned.replace("<memory unit='KiB'>1048576<", "<memory unit='GiB'>2<"));
  });

  it('leaves nothing of the old source behind in a disk of another type', async () => {
    const block =
      "<disk type='block' device='disk'><source dev='/dev/vg0/web1'/><target dev='vda' bus='virtio'/></disk>";

    const plan = await defineOn(wanted(block + CDROM + VNC + NET));

    expect(textOf(plan)).toBe(
      guest
        .replace("<disk type='file' device='disk'", "<disk type='block' device='disk'")
        .replace("<source file='/var/lib/libvirt/images/web1.qcow2'/>", "<source dev='/dev/vg0/web1'/>"),
    );
  });

  it('moves an interface to another network with the address it has', async () => {
    const plan = await defineOn(wanted(DISK + CDROM + VNC + NET.replace('default', 'dmz')));

    expect(textOf(plan)).toBe(guest.replace("network='default'", "network='dmz'"));
  });

  it('finds nothing to do where all that is said is so, in other words', async () => {
    const plan = await defineOn(
      wanted(DISK + CDROM + VNC + NET, "<os><type machine='q35'>hvm</type></os><memory unit='MiB'>1024</memory>"),
    );

    expect(plan).toEqual({ changes: [] });
  });

  it('takes out devices that are not described, and none that libvirt adds itself', async () => {
    const plan = await defineOn(wanted(DISK + NET));

    expect(summaryOf(plan)).toEqual(['persistent web1: disk sda: there → none, graphics vnc: there → none']);
    expect(textOf(plan)).toContain('<emulator>');
  });

  it('says what a running guest waits for, and is never silent about it', async () => {
    const running = { [CONFIG]: guest, [LIVE]: guest.replace('<domain ', "<domain id='3' ") };

    const plan = await defineOn(wanted(DISK + CDROM + VNC + NET, '<vcpu>4</vcpu>'), running);

    expect(summaryOf(plan)).toEqual([
      'persistent web1: vcpu: 2 → 4',
      'pending web1: vcpu: 2 → 4, when it is shut down and started again',
    ]);
  });

  it('defines one that is not there under its name, and starts it', async () => {
    const plan = await planOn(
      domain,
      { name: 'db1', xml: "<domain type='kvm'><memory>1048576</memory></domain>", state: 'running', autostart: true },
      { [CONFIG]: guest },
    );

    expect(summaryOf(plan)).toEqual([
      'persistent db1: none → defined',
      'live db1: shut off → running',
      'persistent db1: autostart off → on',
    ]);
    expect(textOf(plan)).toContain('<name>db1</name>');
  });

  it('asks before it waits, and pulls the plug only when told', async () => {
    const running = { [CONFIG]: guest, [LIVE]: guest.replace('<domain ', "<domain id='3' ") };
    const act = async (state: string) =>
      (await planOn(domain, { name: 'web1', state, timeout: 9 }, running)).changes[0];

    expect(await act('shutdown')).toMatchObject({
      impact: 'guest-restart',
      do: [{ argv: ['sh', '-c', expect.stringContaining('shutdown "$1"'), 'sh', 'web1', '9'] }],
    });
    expect((await act('destroyed'))?.do).toMatchObject([{ argv: expect.arrayContaining(['destroy', 'web1']) }]);
    expect(await act('running')).toBeUndefined();
  });

  it('does not remove a guest that runs, or on one word alone', async () => {
    const gone = { name: 'web1', state: 'undefined', confirm: 'web1' };

    expect(await problemOn(domain, gone, { [CONFIG]: guest, [LIVE]: exampleGuest('live') })).toMatch(/^GuestRuns/);
    expect(mistakesIn(domain, { ...gone, confirm: 'web2' })).not.toEqual([]);
    expect((await planOn(domain, gone, { [CONFIG]: guest })).changes).toMatchObject([
      { after: { is: 'absent' }, do: [{ argv: expect.arrayContaining(['undefine', 'web1', '--keep-nvram']) }] },
    ]);
  });

  it.each([
    ['XML that is not well-formed', { xml: '<domain><name>web1</domain>' }],
    ['a DOCTYPE', { xml: '<!DOCTYPE domain><domain/>' }],
    ['another name', { xml: '<domain><name>web2</name></domain>' }],
    ['another root', { xml: '<network/>' }],
  ])('refuses %s before any host', (_, given) => {
    expect(mistakesIn(domain, { name: 'web1', ...given })).not.toEqual([]);
  });

  it('refuses another UUID, and a guest that nobody has described', async () => {
    const other = '<uuid>00000000-0000-0000-0000-000000000001</uuid>';

    expect(await problemOn(domain, { name: 'web1', xml: wanted(DISK, other) }, { [CONFIG]: guest })).toMatch(
      /^AnotherUuid/,
    );
    expect(await problemOn(domain, { name: 'db1', state: 'running' }, { [CONFIG]: guest })).toMatch(/^NoSuchGuest/);
  });
});
