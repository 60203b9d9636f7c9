// Runs dependency-cruiser and refuses its word when it has looked at too little to know.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

const sources = ['src', 'modules'].flatMap((top) =>
  readdirSync(top, { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${top}/${name}`),
);
const { stdout, stderr } = spawnSync(
  process.execPath,
  ['node_modules/dependency-cruiser/bin/dependency-cruise.mjs', '--output-type', 'json', 'src', 'modules'],
  { encoding: 'utf8', maxBuffer: 1 << 28 },
);
const report = JSON.parse(stdout || 'null');
if (!report) {
  console.error(stderr);
  process.exit(1);
}
const seen = new Set(report.modules.map((module) => module.source));
const unseen = sources.filter((source) => !seen.has(source));
for (const { rule, from, to } of report.summary.violations) console.error(`${rule.name}: ${from} → ${to}`);
if (unseen.length > 0 || sources.length === 0)
  console.error(`not looked at: ${unseen.join(', ') || 'no source file found'}`);
console.log(`${seen.size} modules, ${report.summary.totalDependenciesCruised} dependencies looked at`);
process.exit(report.summary.violations.length > 0 || unseen.length > 0 || sources.length === 0 ? 1 : 0);
