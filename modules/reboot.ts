import { z } from 'zod';
import { integer } from '../src/contract/fields.ts';
import { commandLine } from '../src/contract/file-fields.ts';
import { defineModule, file, Problem, type Seen, stat, unknown } from '../src/contract/index.ts';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

const Params = z.strictObject({
  msg: z
    .string()
    .regex(/^[^\n\r\0]+$/, 'expected text on one line')
    .prefault('Reboot initiated by kvmplay')
    .describe('What those who are logged in there are told.'),
  pre_reboot_delay: integer(0, 86_400).prefault(0).describe('Seconds that the host still runs, at least.'),
  post_reboot_delay: integer(0, 86_400)
    .prefault(0)
    .describe('Seconds after it was told to reboot, before it is looked for.'),
  reboot_timeout: integer(1, 86_400)
    .prefault(600)
    .describe('Seconds that it may take to come back; `test_command` has as long again.'),
  connect_timeout: integer(1, 3600)
    .optional()
    .describe('Seconds for one attempt to connect meanwhile, where not what the inventory says of connecting.'),
  test_command: commandLine()
    .optional()
    .describe(
      'A command that has to end with 0 before the host counts as being back, such as `systemctl is-system-running`. It has to be one that only reads. No shell.',
    ),
});
type Params = z.infer<typeof Params>;

/** What reboots a host, where distributions have it. busybox has no shutdown. */
const SHUTDOWN = ['/sbin/shutdown', '/usr/sbin/shutdown', '/run/current-system/sw/bin/shutdown'];
const REBOOT = ['/sbin/reboot', '/usr/sbin/reboot'];

/**
 * The host answers before it goes down. What waits is no part of the login, whose processes may be ended with it: systemd
 * starts it where there is one.
 */
const LATER = `[ "$(id -u)" = 0 ] || { echo 'only root can reboot a host' >&2; exit 1; }
later='sleep "$1"; shift; exec "$@"'
if [ -d /run/systemd/system ] && systemd-run -q --unit="kvmplay-reboot-$$" /bin/sh -c "$later" sh "$@"; then exit; fi >/dev/null 2>&1
detach=nohup
command -v setsid >/dev/null && detach=setsid
$detach /bin/sh -c "$later" sh "$@" </dev/null >/dev/null 2>&1 &`;

/** Seconds for the answer to arrive. */
const GRACE = 2;
const EVERY = 5;

export const reboot = defineModule({
  name: 'reboot',
  summary: 'Reboot the host, and wait until it is back.',
  notes: `
It is rebooted each time: say when with \`when\`. \`register\` keeps as \`pending\` what a task waits for, so that
\`when: 'boot.pending == "reboot"'\` reboots for what \`register: boot\` of a \`kernel_cmdline\` before it has to wait for, and not else.

That it was booted is proved by another boot id, read over a connection that is new; facts are read anew after that. In check mode, what a
reboot ends (the state of the kernel, \`/run\`, guests, what commands tell) is unknown to the tasks behind it; files on disks are as they
were written. A reboot cannot be undone, and neither \`rollback\` nor a run that goes on does it again by itself. With \`--confirm\`, what was
done so far is confirmed over a new connection before, since the timer would not outlive the reboot. The machine that kvmplay runs on is
never rebooted.

A host that does not come back **fails**, so that \`rescue\` and \`always\` can take care of it from elsewhere (\`delegate_to\`): with
\`RebootTimeout\` where it cannot be reached, \`NotRebooted\` where it never went down, \`TestCommandFailed\` where the test does not succeed.
\`register\` keeps \`rebooted\` and \`elapsed\`, in seconds. Guests are for systemd and libvirt-guests to take care of, or for the tasks before.`,
  params: Params,
  reads: () => ({
    boot: file(BOOT_ID),
    ...Object.fromEntries([...SHUTDOWN, ...REBOOT].map((path) => [path, stat(path)])),
  }),
  plan(params, seen) {
    const boot = seen.text('boot')?.trim();
    if (boot === undefined)
      throw new Problem(
        'NoBootId',
        `there is no ${BOOT_ID} here, so nothing could tell that it was rebooted`,
        'a directory (kvmplay_root) cannot be rebooted, nor can a container without /proc',
      );
    const { pre_reboot_delay: before, post_reboot_delay: after, connect_timeout: connect, test_command: test } = params;
    const seconds = before + GRACE;
    return {
      changes: [
        {
          target: file(BOOT_ID),
          plane: 'live',
          summary: before === 0 ? 'reboot' : `reboot in ${before} s`,
          before: seen.raw('boot'),
          after: unknown('each boot has another'),
          do: [{ do: 'exec', argv: ['/bin/sh', '-c', LATER, 'sh', String(seconds), ...commandFor(params, seen)] }],
          undo: { impossible: 'a reboot cannot be undone' },
          impact: 'reboot',
          once: true,
          reboots: {
            boot,
            after: seconds + after,
            seconds: params.reboot_timeout,
            every: EVERY,
            ...(connect !== undefined && { connect }),
            ...(test && { test }),
          },
        },
      ],
      values: { rebooted: true, elapsed: 0 },
    };
  },
  examples: [
    {
      title: 'Now, and on with the next task when it is back',
      params: {},
      host: {
        [BOOT_ID]: '5f0a1f6e-2f6b-4a53-9f2b-7d6c1d0e8a11\n',
        '/sbin/shutdown': { link: '/bin/systemctl' },
      },
    },
    {
      title: 'A large server, that is back when systemd has started everything',
      params: {
        msg: 'Reboot for a new kernel, back in a quarter of an hour',
        pre_reboot_delay: 60,
        post_reboot_delay: 120,
        reboot_timeout: 1800,
        connect_timeout: 5,
        test_command: 'systemctl is-system-running',
      },
      host: {
        [BOOT_ID]: '5f0a1f6e-2f6b-4a53-9f2b-7d6c1d0e8a12\n',
        '/usr/sbin/shutdown': { link: '/bin/systemctl' },
      },
    },
    {
      title: 'A host with no more than busybox',
      params: { reboot_timeout: 300 },
      host: {
        [BOOT_ID]: '5f0a1f6e-2f6b-4a53-9f2b-7d6c1d0e8a13\n',
        '/sbin/reboot': { link: '/bin/busybox' },
      },
    },
  ],
});

function commandFor({ msg }: Params, seen: Seen): readonly string[] {
  const there = (paths: readonly string[]) => paths.find((path) => seen.stat(path) !== undefined);
  const shutdown = there(SHUTDOWN);
  if (shutdown !== undefined) return [shutdown, '-r', 'now', msg];
  const plain = there(REBOOT);
  if (plain !== undefined) return [plain];
  throw new Problem('NoShutdown', 'there is neither a shutdown nor a reboot in /sbin or /usr/sbin of this host');
}
