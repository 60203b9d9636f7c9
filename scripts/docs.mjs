// Writes what is generated: docs/modules/*.md and docs/schemas/*.json, out of the modules themselves and of what they plan
// on the hosts of their own examples, and of the tasks that touch no host, and the table of docs/facts.md. `--check` writes nothing and fails when what is there differs. Needs the build.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));
const built = (path) => import(join(process.cwd(), 'dist', path));
const { findModule, moduleNames } = await built('src/registry/index.js');
const { referenceOf, schemaOf } = await built('src/registry/reference.js');
const { documentedControls } = await built('src/engine/control-reference.js');
const { probeName } = await built('src/contract/index.js');
const { planOn } = await built('test/support/plan.js');
const { FACTS, factRows } = await built('src/facts/index.js');
const { knobName } = await built('test/support/knob-name.js');
const { loadMachine } = await built('src/lab/machine.js');
const { layoutOf, layTree } = await built('src/lab/tree.js');

/** Where a knob is proven, beside the laws and the unit tests: by what tests say that a run of theirs has changed. */
const TIERS = { container: 'test/container', 'emulated host': 'test/vm', libvirt: 'test/libvirt' };
const proven = await provenKnobs();

const START = '<!-- generated: npm run docs -->';
const END = '<!-- end -->';

const pages = new Map();
const knobs = [];
for (const name of moduleNames()) {
  const module = await findModule(name);
  const plans = new Map();
  for (const example of module.examples)
    plans.set(example, await planOn(module, example.params, example.host, { source: example.source }));
  pages.set(
    `docs/modules/${name}.md`,
    referenceOf(module, (example) => shown(plans.get(example))),
  );
  pages.set(`docs/schemas/${name}.json`, `${JSON.stringify(schemaOf(module), null, 2)}\n`);
  knobs.push(...knobsOf(name, [...plans.values()]));
}
const controls = documentedControls();
for (const control of controls) {
  pages.set(`docs/modules/${control.name}.md`, referenceOf(control));
  pages.set(`docs/schemas/${control.name}.json`, `${JSON.stringify(schemaOf(control), null, 2)}\n`);
}
pages.set('docs/modules/README.md', overview());
pages.set('docs/facts.md', factsPage());

const stale = [...pages].filter(([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text);
const orphans = ['docs/modules', 'docs/schemas']
  .filter(existsSync)
  .flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`))
  .filter((path) => !pages.has(path));
if (process.argv.includes('--check')) {
  for (const path of [...stale.map(([path]) => path), ...orphans])
    console.error(`${path} is not what would be generated`);
  if (stale.length + orphans.length > 0) console.error('run: npm run docs');
  process.exit(stale.length + orphans.length > 0 ? 1 : 0);
}
for (const path of orphans) rmSync(path);
for (const [path, text] of stale) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
console.log(`${pages.size} files generated, ${stale.length} of them new or changed`);

/** What a check of an example prints, in short. */
function shown(plan) {
  const lines = [
    ...plan.changes.map(
      ({ plane, summary, impact }) => `${plane.padEnd(11)}${summary}${impact === 'none' ? '' : `  [${impact}]`}`,
    ),
    ...(plan.pending ?? []).map(({ needs, summary }) => `pending    ${summary}  [${needs}]`),
    ...(plan.notes ?? []).map((note) => `note       ${note}`),
  ];
  return lines.length === 0
    ? ''
    : ['On a host that is not yet so, a check shows:', '', '```', ...lines, '```'].join('\n');
}

/** One row for each thing that a module changed on some host of its examples, or of a test's. */
function knobsOf(module, plans) {
  const rows = new Map();
  const rowOf = (target) => {
    const knob = knobName(target);
    const row = rows.get(knob) ?? { module, knob, planes: new Set(), impacts: new Set() };
    rows.set(knob, row);
    return row;
  };
  for (const { target, plane, impact, do: actions } of plans.flatMap((plan) => [...plan.changes])) {
    const row = rowOf(probeName(target));
    const command = target.kind === 'command' ? actions.find((action) => action.do === 'exec') : undefined;
    if (command) row.command = shortCommand(command.argv);
    row.planes.add(plane);
    row.impacts.add(impact);
  }
  for (const { target, plane, needs } of plans.flatMap((plan) => [...(plan.pending ?? [])])) {
    const row = rowOf(probeName(target));
    if (row.planes.size === 0) row.impacts.add(needs === 'manual' ? 'none' : needs);
    row.planes.add(plane === 'pending' ? 'pending' : plane);
  }
  return [...rows.values()];
}

/** A program and its verb, without what it is called by. */
function shortCommand(argv) {
  const own = argv[0] === 'sh' ? argv.slice(4) : argv.filter((word, at) => at > 0 || word !== 'env');
  return own
    .filter((word) => !/^[A-Z_]+=/.test(word))
    .slice(0, 2)
    .join(' ');
}

/** The table of facts, between what is written by hand around it. */
function factsPage() {
  const page = readFileSync('docs/facts.md', 'utf8');
  const [before, after] = [page.split(START)[0], page.split(END)[1]];
  const cell = (text) => text.replaceAll('|', '\\|');
  const rows = FACTS.flatMap((fact) => factRows(fact)).map(
    ([name, type, words]) => `| \`${name}\` | ${type} | ${cell(words)} |`,
  );
  return `${before}${START}\n\n${['| fact | type | |', '|---|---|---|', ...rows].join('\n')}\n\n${END}${after}`;
}

/** By module, the knobs that each tier has seen changed. */
async function provenKnobs() {
  const found = new Map();
  const add = (module, knob, tier) => {
    const key = `${module} ${knob}`;
    found.set(key, new Set([...(found.get(key) ?? []), tier]));
  };
  for (const [module, knob] of await labKnobs()) add(module, knob, 'lab');
  for (const [tier, folder] of Object.entries(TIERS)) {
    const path = join(folder, 'proven.json');
    if (!existsSync(path)) continue;
    for (const modules of Object.values(JSON.parse(readFileSync(path, 'utf8'))))
      for (const [module, knobs] of Object.entries(modules)) for (const knob of knobs) add(module, knob, tier);
  }
  return found;
}

/** What the playbook that `npm start` runs in the lab changes on its machine. */
async function labKnobs() {
  const [machine] = readdirSync('lab/machines').map((name) => name.replace(/\.json(\.gz)?$/, ''));
  const folder = mkdtempSync(join(tmpdir(), 'kvmplay-docs-'));
  try {
    layTree(join(folder, 'hv'), layoutOf(loadMachine(machine)));
    const host = `ansible_connection=local ansible_become=false kvmplay_root=${folder}/hv`;
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ['bin/kvmplay.js', 'run', 'playbooks/site.yml', '--check', '-i', 'hv,', '-e', host, '--output', 'json'],
      { env: { ...process.env, XDG_STATE_HOME: folder }, encoding: 'utf8', maxBuffer: 2 ** 26 },
    );
    if (status !== 0) throw new Error(`playbooks/site.yml does not run in the lab:\n${stderr}${stdout}`);
    return JSON.parse(stdout).tasks.flatMap(({ module, results }) =>
      results.flatMap(({ changes }) => changes.map(({ target }) => [module, knobName(target)])),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function overview() {
  const testedOn = (module, knob) => [...(proven.get(`${module} ${knob}`) ?? [])].join(', ');
  const tiersOf = (module) =>
    [...new Set([...proven].filter(([key]) => key.startsWith(`${module} `)).flatMap(([, tiers]) => [...tiers]))].join(
      ', ',
    );
  const modules = moduleNames().map((name) => `| [${name}](${name}.md) | ${summaryOf(name)} | ${tiersOf(name)} |`);
  const shownKnob = ({ knob, command }) => (command ? `${command}: ${knob.replace(/^systemctl: /, '')}` : knob);
  const rows = knobs.map(
    (row) =>
      `| \`${shownKnob(row)}\` | [${row.module}](${row.module}.md) | ${[...row.planes].join(', ')} | ${[...row.impacts].join(', ')} | ${testedOn(row.module, row.knob)} |`,
  );
  return `${[
    '# Modules',
    'Generated by `npm run docs` out of the modules. Every module is held to the laws of the contract on each of its examples,\nand has unit tests; the last column says where else its knobs are changed by a test: a simulated host of the `lab` (files, no\nkernel), a `container` (a real systemd), an `emulated host` (a real kernel, through a reboot), `libvirt` (a\nreal libvirtd with guests).',
    ['| module | | run on |', '|---|---|---|', ...modules].join('\n'),
    '## Tasks that touch no host',
    ['| task | |', '|---|---|', ...controls.map(({ name, summary }) => `| [${name}](${name}.md) | ${summary} |`)].join(
      '\n',
    ),
    '## What is changed, and what it may do to guests',
    'By file or command, as the examples of each module change them; `*` for what differs from host to host. `live`: the running\nsystem; `persistent`: the next boot; `pending`: waits for a restart. Where nothing stands under "tested on", the laws and unit tests on\na fake host alone have seen it change.',
    ['| file or command | module | planes | impact | tested on |', '|---|---|---|---|---|', ...rows].join('\n'),
  ].join('\n\n')}\n`;
}

function summaryOf(name) {
  return pages.get(`docs/modules/${name}.md`).split('\n')[2];
}
