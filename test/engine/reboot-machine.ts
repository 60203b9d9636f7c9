import { type Guard, type Request, Unreachable } from '../../src/contract/index.ts';
import { FAKE_COMMANDS } from '../support/fake-commands.ts';
import { type FakeHostOptions, fakeHost } from '../support/fake-host.ts';

export const BOOT_ID = '/proc/sys/kernel/random/boot_id';
const CMDLINE = '/proc/cmdline';

interface Machine {
  /** How long it is down. */
  readonly downMs?: number;
  /** The answer to the frame that reboots it does not arrive. */
  readonly losesAnswer?: boolean;
  /** It is asked, and runs on. */
  readonly runsOn?: boolean;
  /** After the boot another machine answers there. */
  readonly afterwards?: Unreachable;
  readonly commands?: FakeHostOptions['commands'];
  /** What it is booted with the next time. */
  readonly cmdline?: string;
}

/** A machine whose connections end when it goes down, and which has another boot id after. */
export function machine({
  downMs = 0,
  losesAnswer,
  runsOn,
  afterwards,
  commands,
  cmdline = 'ro isolcpus=2\n',
}: Machine = {}) {
  const host = fakeHost({
    files: {
      [BOOT_ID]: 'first\n',
      [CMDLINE]: 'ro quiet\n',
      '/sbin/shutdown': { link: '/bin/systemctl' },
      '/proc/sys/vm/swappiness': '60\n',
      '/etc/sysctl.d/README': '',
    },
    commands: { ...FAKE_COMMANDS, ...commands },
  });
  /** What was asked of the timer of `--confirm`, by connection. */
  const guards: [connection: number, asked: Guard['do']][] = [];
  let connections = 0;
  let boots = 0;
  let upAt = 0;
  const connect = () => {
    if (Date.now() < upAt) throw new Unreachable('ConnectionRefused', 'kvm: the connection was refused');
    if (boots > 0 && afterwards) throw afterwards;
    const born = boots;
    const own = ++connections;
    const exchange = async (request: Request) => {
      if (born < boots) throw new Unreachable('ConnectionLost', 'kvm: the connection was lost');
      const goesDown = request.actions.some((action) => action.do === 'exec' && action.argv.includes('/sbin/shutdown'));
      const { guard } = request;
      if (guard) guards.push([own, guard.do]);
      const told = guard && { guard: { is: guard.do === 'confirm' ? ('confirmed' as const) : ('armed' as const) } };
      const answer = { ...(await host.exchange(request)), ...told };
      if (!goesDown) return answer;
      if (runsOn) host.files.put(BOOT_ID, 'first\n');
      else {
        boots += 1;
        upAt = Date.now() + downMs;
        host.files.put(BOOT_ID, `${boots}\n`);
        host.files.put(CMDLINE, cmdline);
      }
      if (losesAnswer) throw new Unreachable('ConnectionLost', 'kvm: the connection was lost');
      return answer;
    };
    return { ...host, exchange, close: async () => {} };
  };
  return { host, connect, guards, boots: () => boots };
}
