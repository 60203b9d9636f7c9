import { existsSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadMachine } from '../../src/lab/machine.ts';
import { noSshd } from '../support/sshd.ts';
import { ansible, type Contestant, kvmplay, machineShape, rawSsh, versionOf } from './contestants.ts';
import { startFleet } from './fleet.ts';
import { type Cost, median } from './measure.ts';

const USAGE = `npm run bench -- [--hosts 10] [--repeat 3] [--topology debian12-2s2n] [--no-ansible] [--json FILE]

kvmplay's audit of a fleet that is as it should be, against ssh itself and against Ansible, on real sshd on loopback.`;

const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: '10' },
    repeat: { type: 'string', default: '3' },
    topology: { type: 'string', default: 'debian12-2s2n' },
    'no-ansible': { type: 'boolean', default: false },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const [hosts, repeat] = [Number(values.hosts), Number(values.repeat)];
const reason = noSshd();
if (values.help || !(hosts >= 1 && hosts <= 100) || !(repeat >= 1 && repeat <= 20)) {
  console.log(`${USAGE}\n--hosts takes 1 to 100, --repeat 1 to 20.`);
  process.exitCode = values.help ? 0 : 5;
} else if (reason) {
  console.error(`The bench cannot run here: ${reason}`);
  process.exitCode = 1;
} else {
  await bench();
}

async function bench(): Promise<void> {
  const [loadBefore = 0] = loadavg();
  const fleet = await startFleet(hosts, loadMachine(values.topology));
  try {
    const ours = kvmplay(fleet, packageFolder());
    await ours.converge();
    const ansibleVersion = values['no-ansible'] ? undefined : await versionOf(['ansible-playbook', '--version']);
    if (!values['no-ansible'] && !ansibleVersion) console.error('Ansible is not installed here: it is left out.');
    const contestants = [rawSsh(fleet), ours, ...(ansibleVersion ? [ansible(fleet)] : [])];
    const rows = [];
    for (const contestant of contestants) rows.push({ name: contestant.name, ...(await middle(contestant)) });
    const result = {
      date: new Date().toISOString().slice(0, 10),
      machine: machineShape(),
      versions: [`Node ${process.version}`, await versionOf(['ssh', '-V']), ansibleVersion].filter(Boolean),
      load: Number(loadBefore.toFixed(1)),
      command: `npm run bench -- --hosts ${hosts} --repeat ${repeat}${values['no-ansible'] ? ' --no-ansible' : ''}`,
      hosts,
      rows,
    };
    if (values.json) writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`);
    print(result);
  } finally {
    await fleet.stop();
  }
}

/** One run that does not count, to have everything in the caches, and the median of those that do. */
async function middle(contestant: Contestant): Promise<Cost> {
  await contestant.run();
  const costs: Cost[] = [];
  for (let turn = 0; turn < repeat; turn += 1) costs.push(await contestant.run());
  return { wall: median(costs.map(({ wall }) => wall)), cpu: median(costs.map(({ cpu }) => cpu)) };
}

function print({ rows, ...about }: { rows: readonly (Cost & { name: string })[]; [fact: string]: unknown }): void {
  const floor = rows[0];
  console.log(`${about.date}, ${about.machine}; ${(about.versions as string[]).join('; ')}`);
  console.log(`Load average before: ${about.load}\n$ ${about.command}\n`);
  console.log(`| ${about.hosts} hosts | wall | ratio | client CPU | ratio | client CPU a host |`);
  console.log('|---|--:|--:|--:|--:|--:|');
  for (const { name, wall, cpu } of rows) {
    const ratios = [wall / (floor?.wall ?? Number.NaN), cpu / (floor?.cpu ?? Number.NaN)].map((one) => one.toFixed(1));
    const each = `${((cpu / hosts) * 1000).toFixed(0)} ms`;
    console.log(`| ${name} | ${wall.toFixed(2)} s | ${ratios[0]} | ${cpu.toFixed(2)} s | ${ratios[1]} | ${each} |`);
  }
}

/** The folder with package.json above this file, built or not. */
function packageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}
