import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { fakeHost } from '../support/fake-host.ts';
import { play } from './play.ts';
import { machine } from './reboot-machine.ts';

/** The playbook as it comes along, with less patience. */
const PLAYBOOK = readFileSync('playbooks/examples/rolling-reboot.yml', 'utf8').replace(
  'reboot_timeout: 1800',
  'reboot_timeout: 1',
);
const ENTRY = 'title Debian\nlinux /vmlinuz\noptions root=/dev/vda1 ro quiet\n';
const WISHED = 'ro intel_iommu=on iommu=pt transparent_hugepage=madvise\n';

const hypervisor = (how: Parameters<typeof machine>[0] = {}) => {
  const one = machine({ cmdline: WISHED, ...how });
  one.host.files.put('/boot/loader/entries/debian.conf', ENTRY);
  one.host.files.put('/run/libvirt/libvirt-sock', '');
  return one;
};

it('drains, reboots and gives back one host after another, and stops at the one that does not come back, which is told', async () => {
  const told: string[] = [];
  const drain = (argv: readonly string[]) => {
    told.push(argv.slice(1).join(' '));
    return '';
  };
  const scheduler = fakeHost({ commands: { '/usr/local/sbin/drain': drain } });
  const ready = hypervisor();
  ready.host.files.put('/boot/loader/entries/debian.conf', ENTRY.replace('ro quiet', WISHED.trim()));
  ready.host.files.put('/proc/cmdline', WISHED);
  const machines = { h1: hypervisor(), h2: ready, h3: hypervisor({ downMs: 60_000 }), h4: hypervisor() };
  const hosts = Object.fromEntries(Object.entries(machines).map(([name, { connect }]) => [name, connect]));

  const vars = Object.fromEntries(Object.keys(hosts).map((name) => [name, { kvmplay_check_mode: false }]));
  const { results, status } = await play(PLAYBOOK, { hosts, vars, aside: { localhost: scheduler } });

  expect(told).toEqual(['h1 out', 'h1 in', 'h3 out', 'h3 broken']);
  expect(Object.values(machines).map(({ boots }) => boots())).toEqual([1, 0, 1, 0]);
  const failed = results.filter((one) => one.status === 'failed' || one.status === 'rescued');
  expect(failed.map(({ host, error }) => [host, error?.code])).toEqual([
    ['h3', 'RebootTimeout'],
    ['h3', 'Failed'],
  ]);
  expect(failed[1]?.error?.message).toContain('h3 is out of service: It goes down and comes back failed:');
  expect([status, results.some(({ host }) => host === 'h4')]).toEqual([2, false]);
});
