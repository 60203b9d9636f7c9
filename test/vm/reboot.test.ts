import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Kvmplay, type Outcome, of } from '../support/kvmplay.ts';
import { expectProven } from '../support/proven.ts';
import { attachHost, type Host } from './host.ts';
import { kvmplayOver } from './kvmplay.ts';

const vm = inject('vm');

const UUID = '0a3407de-014b-458b-b5c1-848e92a327a3';
const MOUNTS = [
  { path: '/srv/pad', src: 'tmpfs', fstype: 'tmpfs', opts: 'size=16m,mode=0750,nosuid' },
  { path: '/srv/disk images', src: `UUID=${UUID}`, fstype: 'ext4', opts: 'noatime,nofail', passno: 2 },
  { path: '/srv/bound', src: '/srv/disk images/sub', opts: 'bind' },
  { path: '/srv/loop', src: '/srv/disk.img', fstype: 'ext4', opts: 'loop,ro,nofail' },
];
/** A parameter that only the loading of a module sets: its module is loaded already, so that it waits for a boot. */
const PENDING = { modprobe: { name: 'loop', params: 'max_loop=16', persistent: 'present' }, register: 'boot' };
const ASKED = [
  ...MOUNTS.slice(0, 2).map((mount) => ({ mount })),
  { file: { path: '/srv/disk images/sub', state: 'directory' } },
  ...MOUNTS.slice(2).map((mount) => ({ mount })),
  PENDING,
];
const REBOOT = {
  reboot: { connect_timeout: 30, test_command: 'systemctl is-active multi-user.target' },
  when: 'boot.pending == "reboot"',
};
const TASKS = [...ASKED, REBOOT, ...ASKED];

describe.skipIf(vm === undefined).sequential('a reboot by kvmplay', () => {
  let host: Host;
  let kvmplay: Kvmplay;
  let run: Outcome;
  let before: string;
  const state = () => host.read('cat /etc/fstab; findmnt -rn | grep -c /srv/ || true');
  const bootId = () => host.read('cat /proc/sys/kernel/random/boot_id');
  const statuses = ({ results }: Outcome) => results.map(({ status }) => status);

  beforeAll(() => {
    if (!vm) return;
    host = attachHost(vm);
    kvmplay = kvmplayOver(vm);
    host.read(`modprobe loop && cp -p /etc/fstab /root/fstab.was && mkfs.ext4 -q -F -U ${UUID} /dev/vdb && udevadm settle
      truncate -s 16M /srv/disk.img && mkfs.ext4 -q -F /srv/disk.img`);
    before = state();
  });
  afterAll(() => {
    // What other tests find is as it was, whatever failed here.
    host?.ssh(`umount /srv/bound /srv/loop '/srv/disk images' /srv/pad; cp -p /root/fstab.was /etc/fstab
      rm -rf /srv/* /etc/modprobe.d/loop.conf /etc/modules-load.d/loop.conf; wipefs -qa /dev/vdb; systemctl daemon-reload`);
  });

  test('is foretold where something waits for it, and what it makes anew is then unknown', () => {
    const audit = kvmplay.audit(TASKS);

    expect(audit.status, audit.words).toBe(3);
    expect(statuses(audit).slice(0, 2)).toEqual(['changed', 'changed']);
    expect(of(audit, 'reboot').results.map(({ status }) => status)).toEqual(['changed']);
    expect(statuses(audit).slice(-ASKED.length)).toEqual(ASKED.map(() => 'unknown'));
    expect(state()).toBe(before);
  });

  test('comes back with what was pending, in the same run, and with all that was mounted', () => {
    const first = bootId();

    run = kvmplay.run(TASKS);

    expect(run.status, run.words).toBe(0);
    expect(statuses(run)).toEqual([...ASKED.map(() => 'changed'), 'changed', ...ASKED.map(() => 'ok')]);
    expectProven('vm', 'reboot', run, ['mount', 'modprobe', 'reboot']);
    expect(bootId()).not.toBe(first);
    expect(host.read('cat /sys/module/loop/parameters/max_loop')).toBe('16');
    expect(host.read('findmnt -rno OPTIONS /srv/pad')).toMatch(/^rw,nosuid,relatime,size=16384k,mode=750/);
    expect(host.read("findmnt -no SOURCE,FSTYPE,OPTIONS '/srv/disk images' | tr -s ' '")).toMatch(
      /^\/dev\/vdb ext4 rw,noatime/,
    );
    expect(host.read("findmnt -no SOURCE /srv/bound | tr -s ' '")).toBe('/dev/vdb[/sub]');
    expect(host.read("findmnt -no FSTYPE,OPTIONS /srv/loop | tr -s ' '")).toMatch(/^ext4 ro,relatime/);
    expect(host.read('tail -n 4 /etc/fstab')).toBe(
      `tmpfs /srv/pad tmpfs size=16m,mode=0750,nosuid 0 0
UUID=${UUID} /srv/disk\\040images ext4 noatime,nofail 0 2
/srv/disk\\040images/sub /srv/bound none bind 0 0
/srv/disk.img /srv/loop ext4 loop,ro,nofail 0 0`,
    );
  });

  test('is not done again by a second run, which changes nothing', () => {
    const first = bootId();

    const again = kvmplay.run(TASKS);

    expect([again.status, again.targets], again.words).toEqual([0, []]);
    expect(of(again, 'reboot').results.map(({ status }) => status)).toEqual(['skipped']);
    expect(bootId()).toBe(first);
  });

  test('leaves nothing that cannot be taken away again', () => {
    const gone = kvmplay.run(MOUNTS.toReversed().map(({ path }) => ({ mount: { path, state: 'absent' } })));

    expect(gone.status, gone.words).toBe(0);
    expect(state()).toBe(before);
  });
});
