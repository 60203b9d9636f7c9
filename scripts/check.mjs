// The one gate. Every step runs, so that one look shows all that is wrong; `--fast` leaves out the tests.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const node = process.execPath;
const fast = process.argv.includes('--fast');
const steps = [
  ['lock file', ['scripts/complete-lock.mjs', '--check']],
  ['types', ['node_modules/typescript/bin/tsc', '-p', '.', '--noEmit']],
  ['format and lint', ['node_modules/@biomejs/biome/bin/biome', 'ci', '.']],
  ['dead code', ['node_modules/knip/bin/knip.js']],
  ['import layers', ['scripts/check-layers.mjs']],
  ['generated docs', ['scripts/docs.mjs', '--check']],
  ...(fast ? [] : [['tests', ['node_modules/vitest/vitest.mjs', 'run']]]),
];

const failed = [];
for (const [name, [script, ...args]] of steps) {
  if (!existsSync(script)) {
    failed.push(`${name} (${script} is missing)`);
    continue;
  }
  console.log(`── ${name}`);
  if (spawnSync(node, [script, ...args], { stdio: 'inherit' }).status !== 0) failed.push(name);
}
if (failed.length > 0) console.error(`\ncheck failed: ${failed.join(', ')}`);
process.exit(failed.length > 0 ? 1 : 0);
