import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { KVMPLAY } from '../support/kvmplay.ts';
import { noSshd } from '../support/sshd.ts';
import { openUsers } from '../support/users.ts';
import { openSite } from './site.ts';

const why = noSshd() ?? noNamespaces();

/** Why there can be no network to cut here, or undefined when there can. Under CI there has to be. */
function noNamespaces(): string | undefined {
  const name = `kvmplay-${process.pid}`;
  const made = spawnSync('ip', ['netns', 'add', name], { encoding: 'utf8' });
  if (made.status === 0) {
    execFileSync('ip', ['netns', 'del', name]);
    return undefined;
  }
  const reason = `no network namespaces: ${made.error?.message ?? made.stderr.trim()}`;
  if (process.env.CI) throw new Error(`CI has to run these tests: ${reason}`);
  return reason;
}

const GUARDS = '/run/kvmplay/confirm';
const guards = () => (existsSync(GUARDS) ? readdirSync(GUARDS) : []);
/** Where the host's key is set for good. The host shares this machine's files. */
const DROP_IN = `/etc/sysctl.d/91-kvmplay-confirm-${process.pid}.conf`;
const CLIENT = `kpc${process.pid}`;
const HOST = `kph${process.pid}`;
const ip = (...words: string[]) => execFileSync('ip', words, { stdio: 'pipe' });
const within = (space: string, ...words: string[]) =>
  execFileSync('ip', ['netns', 'exec', space, ...words], { encoding: 'utf8' });

/**
 * Two machines with two cables. What the client sends arrives by the first and the answers leave by the second, which the
 * host lets pass until `rp_filter` is set on the first: that cuts every connection, as a mistake in a real network does.
 */
function layCables(): void {
  for (const space of [CLIENT, HOST]) ip('netns', 'add', space);
  for (const cable of ['a', 'b']) {
    ip('link', 'add', `${cable}0`, 'netns', CLIENT, 'type', 'veth', 'peer', 'name', `${cable}1`, 'netns', HOST);
    ip('-n', CLIENT, 'link', 'set', `${cable}0`, 'up');
    ip('-n', HOST, 'link', 'set', `${cable}1`, 'up');
  }
  for (const space of [CLIENT, HOST]) {
    ip('-n', space, 'link', 'set', 'lo', 'up');
    for (const one of ['all', 'default', 'a0', 'b0', 'a1', 'b1']) {
      const path = `/proc/sys/net/ipv4/conf/${one}/rp_filter`;
      within(space, 'sh', '-c', `[ ! -e ${path} ] || echo 0 >${path}`);
    }
  }
  ip('-n', CLIENT, 'addr', 'add', '10.77.0.1/24', 'dev', 'a0');
  ip('-n', HOST, 'addr', 'add', '10.77.0.2/24', 'dev', 'a1');
  ip('-n', CLIENT, 'addr', 'add', '10.78.0.1/24', 'dev', 'b0');
  ip('-n', HOST, 'addr', 'add', '10.78.0.2/24', 'dev', 'b1');
  ip('-n', HOST, 'route', 'add', '10.77.0.1/32', 'dev', 'b1', 'src', '10.77.0.2');
}

const CUT = {
  name: 'Cut the line',
  sysctl: { name: 'net.ipv4.conf.a1.rp_filter', value: 1, file: DROP_IN },
};
const HARMLESS = {
  name: 'Harm nobody',
  sysctl: { name: 'net.ipv4.conf.b1.rp_filter', value: 2, file: DROP_IN },
};
const FIRST = {
  name: 'First',
  sysctl: { name: 'net.ipv4.conf.b1.log_martians', value: 1, file: DROP_IN },
};

const knob = (name: string) => within(HOST, 'cat', `/proc/sys/net/ipv4/conf/${name}`).trim();

describe.skipIf(why)(`--confirm, on a network that is really cut${why ? ` (skipped: ${why})` : ''}`, () => {
  const site = openSite();
  const users = openUsers();
  let variables: Record<string, unknown>;
  beforeAll(async () => {
    layCables();
    const sshd = await site.server({ addresses: ['10.77.0.2'], beside: ['ip', 'netns', 'exec', HOST] });
    variables = site.variables(sshd, { ansible_ssh_timeout: 3 });
    const hosts = { hosts: { kvm1: variables } };
    writeFileSync(join(site.folder, 'hosts.yml'), JSON.stringify({ all: hosts }));
  });
  afterEach(() => {
    for (const name of ['a1/rp_filter', 'b1/rp_filter', 'b1/log_martians'])
      within(HOST, 'sh', '-c', `echo 0 >/proc/sys/net/ipv4/conf/${name}`);
    rmSync(DROP_IN, { force: true });
  });
  afterAll(async () => {
    await site.close();
    users.removeAll();
    for (const space of [CLIENT, HOST]) ip('netns', 'del', space);
    rmSync(GUARDS, { recursive: true, force: true });
  });

  const playbook = (tasks: readonly object[]) => {
    const path = join(site.folder, 'play.yml');
    writeFileSync(path, JSON.stringify([{ hosts: 'all', tasks }]));
    return path;
  };
  const env = { ...process.env, XDG_STATE_HOME: site.folder };
  const words = (command: string, ...more: string[]) => ['netns', 'exec', CLIENT, ...KVMPLAY, command, ...more];
  const flags = ['-i', join(site.folder, 'hosts.yml')];
  const kvmplay = (command: string, ...more: string[]) => {
    const { status, stdout, stderr } = spawnSync('ip', words(command, ...more), {
      encoding: 'utf8',
      env,
      timeout: 110_000,
    });
    return { status, out: stdout, err: stderr };
  };
  const run = (tasks: readonly object[], ...more: string[]) =>
    kvmplay('run', playbook(tasks), ...flags, '--output', 'json', ...more);
  const resultsOf = (out: string) =>
    JSON.parse(out).tasks.map((task: { name: string; results: { status: string; error?: { code: string } }[] }) =>
      [task.name, task.results[0]?.status, task.results[0]?.error?.code].filter(Boolean).join(' '),
    );

  test('keeps what a new connection confirms, and leaves nothing on the host', () => {
    const { status, out } = run([FIRST, HARMLESS], '--confirm', '20');

    expect(resultsOf(out)).toEqual([
      'First changed',
      'Harm nobody changed',
      'Confirm that hosts can still be reached ok',
    ]);
    expect(status).toBe(0);
    expect(knob('b1/rp_filter')).toBe('2');
    expect(existsSync(GUARDS)).toBe(false);
    expect(timers()).toEqual([]);
  });

  test('costs one frame: the timer is set with the change itself', () => {
    const without = JSON.parse(run([HARMLESS]).out).round_trips.kvm1;
    within(HOST, 'sh', '-c', 'echo 0 >/proc/sys/net/ipv4/conf/b1/rp_filter');
    rmSync(DROP_IN, { force: true });

    expect(JSON.parse(run([HARMLESS], '--confirm', '20').out).round_trips.kvm1).toBe(without + 1);
  });

  test('undoes on the host what cut the line, with all that the run did before, and says so', () => {
    const { status, out } = run([FIRST, CUT], '--confirm', '4');

    expect(knob('a1/rp_filter')).toBe('0');
    expect(knob('b1/log_martians')).toBe('0');
    expect(existsSync(DROP_IN)).toBe(false);
    expect(resultsOf(out).at(-1)).toBe('Confirm that hosts can still be reached failed NotConfirmed');
    expect([2, 4]).toContain(status);
    expect(existsSync(GUARDS)).toBe(false);
    expect(kvmplay('history').out.split('\n')[0]).toContain('undone by 1 of them');
    expect(kvmplay('show', 'last').out).toMatch(/kvm1: not confirmed in time: the host undid this run at \d{4}-/);
  });

  test('undoes what was armed when kvmplay itself is killed, and tells the next run', async () => {
    const wait = { ...FIRST, name: 'Wait', loop: [0, 1], loop_control: { pause: 60 } };
    const child = spawn('ip', words('run', playbook([HARMLESS, wait]), ...flags, '--confirm', '3'), {
      env,
      stdio: 'ignore',
    });
    await until(() => knob('b1/rp_filter') === '2' && guards().length === 1);
    child.kill('SIGKILL');
    await until(() => knob('b1/rp_filter') === '0' && !existsSync(DROP_IN));
    await until(() => guards().every((id) => !existsSync(join(GUARDS, id, 'steps'))));

    const audit = kvmplay('audit', playbook([HARMLESS]), ...flags);
    const next = run([FIRST]);

    expect(audit.out).toMatch(/\[WARNING\]: \[kvm1\] run \S+ was not confirmed within 3 s, and this host undid it at/);
    expect(JSON.parse(next.out).warnings.join()).toContain('was not confirmed within 3 s');
    expect(existsSync(GUARDS)).toBe(false);
    expect(kvmplay('history').out.split('\n')[1]).toContain('undone by 1 of them');
  });

  test('does not run out while kvmplay lives, however long a task waits', () => {
    // `pause` of a loop: nothing is sent to the host meanwhile.
    const slow = { ...FIRST, name: 'Slow', loop: [0, 1], loop_control: { pause: 6 } };
    const { status, out } = run([HARMLESS, slow], '--confirm', '3');

    expect(resultsOf(out).at(-1)).toBe('Confirm that hosts can still be reached ok');
    expect(status).toBe(0);
    expect(knob('b1/rp_filter')).toBe('2');
  });

  test('lets changes that cannot cut anything go without a timer, unless it is asked for', () => {
    const swappiness = readFileSync('/proc/sys/vm/swappiness', 'utf8').trim();
    const idle = {
      name: 'Idle',
      sysctl: { name: 'vm.swappiness', value: swappiness, file: DROP_IN },
    };
    expect(resultsOf(run([idle], '--confirm', '5').out)).toEqual(['Idle changed']);
    rmSync(DROP_IN);

    expect(resultsOf(run([idle], '--confirm', '5', '--confirm-from', 'none').out)).toEqual([
      'Idle changed',
      'Confirm that hosts can still be reached ok',
    ]);
  });

  test('changes nothing where no timer can be set', () => {
    writeFileSync('/run/kvmplay', '');
    try {
      const { status, out } = run([HARMLESS], '--confirm', '5');

      expect(status).toBe(2);
      expect(JSON.parse(out).tasks[0].results[0].error.message).toContain('the timer of --confirm cannot be set');
      expect(knob('b1/rp_filter')).toBe('0');
      expect(existsSync(DROP_IN)).toBe(false);
    } finally {
      rmSync('/run/kvmplay');
    }
  });

  test('sets a timer on each host, as whoever the task becomes', () => {
    const free = users.add({});
    users.allow(`${free.name} ALL=(ALL) NOPASSWD: ALL`);
    const as = { ...variables, ansible_user: free.name };
    const hosts = {
      kvm1: { ...as, cable: 'a1' },
      kvm2: { ...as, cable: 'b1' },
      kvm3: { ...as, ansible_become: false, cable: 'a1' },
    };
    writeFileSync(join(site.folder, 'several.yml'), JSON.stringify({ all: { vars: { ansible_become: true }, hosts } }));
    const key = 'net.ipv4.conf.{{ cable }}.log_martians';
    const task = {
      name: 'Watch',
      sysctl: { name: key, value: 1, file: '/etc/sysctl.d/{{ inventory_hostname }}-confirm.conf' },
    };
    try {
      const { out } = kvmplay(
        'run',
        playbook([task]),
        '-i',
        join(site.folder, 'several.yml'),
        '--output',
        'json',
        '--confirm',
        '20',
      );
      const tasks = JSON.parse(out).tasks as {
        results: { host: string; status: string; error?: { message: string } }[];
      }[];
      const told = (at: number) => tasks[at]?.results.map(({ host, status }) => `${host} ${status}`).sort();

      expect(told(0)).toEqual(['kvm1 changed', 'kvm2 changed', 'kvm3 failed']);
      expect(tasks[0]?.results.find(({ host }) => host === 'kvm3')?.error?.message).toContain(
        'only root can have changes undone',
      );
      expect(told(1)).toEqual(['kvm1 ok', 'kvm2 ok']);
      expect(existsSync(GUARDS)).toBe(false);
      expect(timers()).toEqual([]);
    } finally {
      for (const name of ['kvm1', 'kvm2', 'kvm3']) rmSync(`/etc/sysctl.d/${name}-confirm.conf`, { force: true });
      within(HOST, 'sh', '-c', 'echo 0 >/proc/sys/net/ipv4/conf/a1/log_martians');
    }
  });

  test('confirms a rollback, too', () => {
    run([HARMLESS]);
    const { status, out } = kvmplay('rollback', 'last', '--output', 'json', '--confirm', '20');

    expect(status).toBe(0);
    expect(resultsOf(out)).toEqual(['Harm nobody changed', 'Confirm that hosts can still be reached ok']);
    expect(knob('b1/rp_filter')).toBe('0');
    expect(existsSync(GUARDS)).toBe(false);
  });

  test('refuses a folder that stands for a host, before any host is touched', () => {
    writeFileSync(
      join(site.folder, 'rooted.yml'),
      JSON.stringify({ all: { hosts: { r: { ansible_connection: 'local', kvmplay_root: site.folder } } } }),
    );
    const { status, err } = kvmplay(
      'run',
      playbook([HARMLESS]),
      '-i',
      join(site.folder, 'rooted.yml'),
      '--confirm',
      '5',
    );

    expect(status).toBe(5);
    expect(err).toContain('error[ConfirmNeedsHost]');
  });
});

const timers = (): string[] =>
  execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(`${GUARDS}/`));

async function until(isSo: () => boolean): Promise<void> {
  for (let at = 0; at < 300; at++) {
    if (isSo()) return;
    await sleep(100);
  }
  throw new Error('it did not come about');
}
