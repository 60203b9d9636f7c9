import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Fleet } from './fleet.ts';
import { type Cost, costOf, detachedCpu, finish } from './measure.ts';

/** As many hosts at a time as kvmplay takes by default, for everybody. */
const FORKS = 50;

/** Every knob and file that `playbooks/kernel-settings.yml` looks at on a host it has been run on, below the host's root. */
const READS = [
  'proc/sys/vm/swappiness',
  'proc/sys/vm/zone_reclaim_mode',
  'proc/sys/vm/dirty_background_ratio',
  'proc/sys/vm/stat_interval',
  'proc/sys/fs/aio-max-nr',
  'proc/sys/kernel/nmi_watchdog',
  'sys/kernel/mm/ksm/run',
  'sys/kernel/mm/transparent_hugepage/enabled',
  'sys/kernel/mm/transparent_hugepage/defrag',
  'etc/sysctl.d/90-kvmplay.conf',
  'etc/tmpfiles.d/kvmplay-ksm.conf',
  'etc/tmpfiles.d/kvmplay-thp.conf',
];

export interface Contestant {
  readonly name: string;
  /** What is timed. Rejects where the outcome is not that of a fleet as it should be. */
  run(): Promise<Cost>;
}

/** What ssh itself takes to do the reads: one ssh(1) a host, its `sh` reading all the files in one command. */
export function rawSsh(fleet: Fleet): Contestant {
  return {
    name: 'ssh host sh',
    run: () =>
      costOf(async () => {
        const waiting = [...fleet.hosts];
        const worker = async (): Promise<void> => {
          for (let host = waiting.pop(); host; host = waiting.pop()) {
            const argv = ['ssh', ...fleet.sshArguments, '-p', String(host.port), '127.0.0.1', 'sh'];
            await finish({ argv, input: `cd ${host.root} && grep -H '' ${READS.join(' ')}\n` });
          }
        };
        await Promise.all(Array.from({ length: FORKS }, worker));
      }),
  };
}

/** The real command, with the flags a user would give. Exit status 0 of an audit: nothing would change anywhere. */
export function kvmplay(fleet: Fleet, home: string): Contestant & { converge(): Promise<void> } {
  const site = ['playbooks/kernel-settings.yml', '-i', fleet.inventory, '--forks', String(FORKS)];
  const call = (command: string) =>
    finish({
      argv: [process.execPath, 'bin/kvmplay.js', command, ...site],
      cwd: home,
      env: { ...process.env, XDG_STATE_HOME: join(fleet.folder, 'state') },
    });
  return {
    name: 'kvmplay audit',
    run: () => costOf(async () => void (await call('audit'))),
    converge: async () => void (await call('run')),
  };
}

/**
 * The same outcome looked after with ansible-playbook --check: a `copy` for each knob and file, which on a host that is
 * as it should be does what Ansible's own modules do for a knob, read it and compare. To be made once kvmplay has made
 * the fleet so. Pipelining is on, facts are not gathered, connections persist from task to task.
 */
export function ansible(fleet: Fleet): Contestant {
  const folder = join(fleet.folder, 'ansible');
  const golden = fleet.hosts[0]?.root ?? '';
  for (const path of READS) {
    mkdirSync(join(folder, 'files', dirname(path)), { recursive: true });
    cpSync(join(golden, path), join(folder, 'files', path));
  }
  const tasks = READS.map(
    (path) => `    - name: ${path}\n      ansible.builtin.copy: { src: ${path}, dest: "{{ kvmplay_root }}/${path}" }\n`,
  );
  writeFileSync(join(folder, 'site.yml'), `- hosts: all\n  gather_facts: false\n  tasks:\n${tasks.join('')}`);
  writeFileSync(join(folder, 'ansible.cfg'), '');
  const sockets = join(fleet.folder, 'cp');
  const env = {
    ...process.env,
    ANSIBLE_CONFIG: join(folder, 'ansible.cfg'), // Empty, so that nobody's own settings count.
    ANSIBLE_PIPELINING: 'True',
    ANSIBLE_FORKS: String(FORKS),
    ANSIBLE_SSH_CONTROL_PATH_DIR: sockets,
    ANSIBLE_LOCAL_TEMP: join(folder, 'tmp'),
    ANSIBLE_NOCOLOR: '1',
  };
  return {
    name: 'ansible-playbook --check',
    async run() {
      const argv = ['ansible-playbook', '-i', fleet.inventory, 'site.yml', '--check', '--diff'];
      let said = '';
      const cost = await costOf(async () => {
        said = await finish({ argv, cwd: folder, env });
      });
      if (/changed=[1-9]/.test(said)) throw new Error(`Ansible found something to change:\n${said.slice(-2000)}`);
      // The connections that it left open are its own work too, and must not be there for the next run.
      const masters = detachedCpu(sockets);
      for (const pid of masters.pids) process.kill(pid);
      return { wall: cost.wall, cpu: cost.cpu + masters.cpu };
    },
  };
}

/** The version line that a program gives of itself, or undefined where it is not there. */
export async function versionOf(argv: readonly string[]): Promise<string | undefined> {
  try {
    return (await finish({ argv })).split('\n')[0]?.trim();
  } catch {
    return undefined;
  }
}

export const machineShape = (): string => {
  const cpu = /^model name\s*: (.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? 'unknown CPU';
  const count = readFileSync('/proc/cpuinfo', 'utf8').match(/^processor/gm)?.length ?? 1;
  return `${count} × ${cpu}`;
};
