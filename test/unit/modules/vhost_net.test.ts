import { describe, expect, it } from 'vitest';
import { vhost_net } from '../../../modules/vhost_net.ts';
import { mistakesIn, planOn, summaryOf } from '../../support/plan.ts';

const KERNEL = { '/lib/modules/6.1.0/kernel/drivers/vhost/vhost_net.ko.xz': '' };
const LOADED = { ...KERNEL, '/sys/module/vhost_net/initstate': 'live\n' };
const AT_BOOT = { '/etc/modules-load.d/kvmplay-vhost_net.conf': 'vhost-net\n' };
const zcopy = (text: string) => ({
  '/sys/module/vhost_net/parameters/experimental_zcopytx': { text, mode: '0444' },
});

describe('vhost_net', () => {
  it('does not take the device for the module: it is there before', async () => {
    const { changes } = await planOn(vhost_net, {}, { ...KERNEL, ...AT_BOOT, '/dev/vhost-net': '' });

    expect(changes).toMatchObject([
      {
        do: [{ argv: ['modprobe', 'vhost_net'] }],
        undo: [{ argv: ['modprobe', '-r', 'vhost_net'] }],
      },
    ]);
  });

  it('is content with a loaded module that is named for boot, and with one that is built in', async () => {
    expect(summaryOf(await planOn(vhost_net, {}, { ...LOADED, ...AT_BOOT }))).toEqual([]);
    expect(summaryOf(await planOn(vhost_net, {}, { ...zcopy('0\n'), ...AT_BOOT }))).toEqual([]);
  });

  it('loads it with the parameter, and leaves it pending where it is loaded without', async () => {
    const params = { experimental_zcopytx: true };

    const fresh = await planOn(vhost_net, params, { ...KERNEL, ...AT_BOOT });
    const late = await planOn(vhost_net, params, { ...LOADED, ...AT_BOOT, ...zcopy('0\n') });

    expect(fresh.changes[0]?.do).toEqual([{ do: 'exec', argv: ['modprobe', 'vhost_net', 'experimental_zcopytx=1'] }]);
    expect(late.pending).toMatchObject([{ needs: 'reboot' }]);
    expect(late.changes).toMatchObject([
      { after: { text: expect.stringContaining('options vhost_net experimental_zcopytx=1\n') } },
    ]);
  });

  it('gives the device to a group, now and by udev', async () => {
    const files = { ...LOADED, ...AT_BOOT, '/dev/vhost-net': { text: '', mode: '0600' } };

    const { changes } = await planOn(vhost_net, { group: 'kvm', mode: '660' }, files);

    expect(changes).toMatchObject([
      { do: [{ do: 'own', mode: '0660', group: 'kvm' }], undo: [{ do: 'own', mode: '0600', group: 'root' }] },
      {
        after: {
          text: expect.stringContaining(
            'KERNEL=="vhost-net", GROUP="kvm", MODE="0660", OPTIONS+="static_node=vhost-net"\n',
          ),
        },
      },
    ]);
  });

  it('shows a blacklist, which keeps it from being loaded at boot', async () => {
    const files = { ...LOADED, ...AT_BOOT, '/etc/modprobe.d/no.conf': '# x\nblacklist vhost_net\n' };

    expect((await planOn(vhost_net, {}, files)).pending).toMatchObject([
      { summary: expect.stringContaining('/etc/modprobe.d/no.conf:2 blacklists it'), after: { text: '# x\n' } },
    ]);
  });

  it('is n/a on a kernel that does not have it', async () => {
    expect((await planOn(vhost_net, {}, {})).na).toBe('this kernel has no module vhost_net');
  });

  it('writes for the boot of a host on which no command runs', async () => {
    const plan = await planOn(vhost_net, {}, {}, { commands: {} });

    expect(plan.changes).toMatchObject([{ plane: 'persistent' }]);
    expect(plan.notes).toEqual(['vhost_net: not loaded, and there is no modprobe to load it with']);
  });

  it.each([
    [{ mode: '0999' }, 'mode: expected an octal mode in quotes, such as "0660"'],
    [{ group: 'kvm"' }, "group: expected a group's name"],
  ])('refuses %j', (params, message) => {
    expect(mistakesIn(vhost_net, params)).toContain(message);
  });
});
