// Makes the checkout ready to run: dependencies as locked, then the build. Quick when nothing has changed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `kvmplay needs Node 20.19 or newer; this is ${process.version}. Install a newer Node and run this again.`,
  );
  process.exit(1);
}

const stamp = 'node_modules/.kvmplay-setup';
const locked = createHash('sha256')
  .update(readFileSync('package-lock.json'))
  .update(readFileSync('package.json'))
  .digest('hex');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== locked) {
  step('installing dependencies (npm ci)', npm(), [...npmArgs(), 'ci', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stamp, locked);
}

const built = 'dist/.built';
if (!existsSync(built) || newest(['src', 'modules', 'test', 'tsconfig.json', stamp]) > statSync(built).mtimeMs) {
  const started = Date.now();
  step('building', process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.']);
  for (const file of readdirSync('src', { recursive: true }))
    if (file.endsWith('.sh')) cpSync(join('src', file), join('dist/src', file));
  writeFileSync(built, '');
  const future = new Date(started);
  // A file saved while tsc ran must be built next time.
  (await import('node:fs')).utimesSync(built, future, future);
}

function npm() {
  return process.env.npm_execpath ? process.execPath : 'npm';
}

function npmArgs() {
  return process.env.npm_execpath ? [process.env.npm_execpath] : [];
}

function step(what, command, args) {
  console.error(`kvmplay: ${what} …`);
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status === 0) return;
  console.error(`kvmplay: ${what} failed${error ? `: ${error.message}` : ''}`);
  process.exit(status ?? 1);
}

function newest(paths) {
  let time = 0;
  for (const path of paths) {
    const stat = statSync(path);
    if (!stat.isDirectory()) time = Math.max(time, stat.mtimeMs);
    else
      time = Math.max(
        time,
        stat.mtimeMs,
        newest(
          readdirSync(path)
            .filter((n) => n !== 'fixtures')
            .map((n) => join(path, n)),
        ),
      );
  }
  return time;
}
