// The backends that are not part of an ordinary installation. Each is a folder of the cache, moved there when it is complete;
// packages/engine finds it there. docs/decisions/0004-optional-backends.md says why they are not npm dependencies.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { cacheFolder } from './cache.mjs';
import { need } from './tools.mjs';
import { downloadWheel, unpackWheel } from './wheels.mjs';

// libtensorflow and its headers. They do not depend on Python's version; one is named so that the file is always the same.
const WHEELS = {
  cpu: {
    requirement: 'tensorflow-cpu==2.21.0',
    sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
    size: '274 MB',
  },
  cuda: {
    requirement: 'tensorflow==2.21.0',
    sha256: '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124',
    size: '572 MB',
  },
};
const WHEEL_PLATFORM = [
  ...['--platform', 'manylinux_2_27_x86_64', '--implementation', 'cp'],
  ...['--python-version', '3.11', '--abi', 'cp311'],
];

// One copy of these per process, the workspace's: each copy of tfjs-core has tensors and backends of its own.
const SHARED = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-cpu'];

/** tfjs-node with its addon on libtensorflow; `variant` is cpu or cuda. */
export function tensorflow(variant) {
  const platform = `${process.platform}-${process.arch}`;
  if (platform !== 'linux-x64') {
    console.error(`setup: the tensorflow backend is pinned for linux-x64 only, this is ${platform}`);
    process.exit(1);
  }
  need('python3', 'its pip downloads libtensorflow, and node-gyp runs on it');
  need('make', 'node-gyp builds the addon with it');
  need('g++', 'it compiles the addon');
  return install('tensorflow', WHEELS[variant].sha256, (folder) => buildTensorflow(folder, WHEELS[variant]));
}

/** tfjs's WebGPU backend and Dawn; prebuilt for Linux, macOS and Windows. */
export function webgpu() {
  return install('webgpu', '', () => {});
}

/** `complete` adds to a folder what npm does not bring. The same inputs are not installed twice. */
async function install(name, version, complete) {
  const manifests = join('packages/engine/backends', name);
  const target = join(cacheFolder, name);
  const inputs = [join(manifests, 'package-lock.json'), 'scripts/backends.mjs'].map((path) =>
    readFileSync(path),
  );
  const key = createHash('sha256').update(Buffer.concat(inputs)).update(version).digest('hex');
  const stamp = join(target, 'installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === key) return 'up to date';
  mkdirSync(cacheFolder, { recursive: true });
  const folder = mkdtempSync(join(cacheFolder, `.${name}-`));
  try {
    for (const file of ['package.json', 'package-lock.json']) {
      copyFileSync(join(manifests, file), join(folder, file));
    }
    console.log(`setup: installing the npm packages of the ${name} backend`);
    npm(folder);
    SHARED.forEach((dependency) => share(folder, dependency));
    await complete(folder);
    writeFileSync(join(folder, 'installed'), key);
    rmSync(target, { recursive: true, force: true });
    renameSync(folder, target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return `installed in ${target}`;
}

// Without their scripts: tfjs-node's downloads TensorFlow 2.9, and builds for it.
function npm(folder) {
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    stdio: 'inherit',
  });
}

/** Puts a link to the workspace's copy in the place of a package. */
function share(folder, dependency) {
  const path = join(resolve(folder), 'node_modules', dependency);
  if (!existsSync(path)) return;
  rmSync(path, { recursive: true });
  symlinkSync(relative(realpathSync(dirname(path)), realpathSync(join('node_modules', dependency))), path);
}

async function buildTensorflow(folder, { requirement, sha256, size }) {
  const scratch = join(folder, 'scratch');
  mkdirSync(scratch);
  console.log(`setup: downloading ${requirement} (${size}) from PyPI`);
  const wheel = await downloadWheel(requirement, sha256, scratch, WHEEL_PLATFORM);
  console.log('setup: unpacking libtensorflow and its headers');
  const libraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];
  unpackWheel(wheel, scratch, ['tensorflow/include/', ...libraries.map((file) => `tensorflow/${file}`)]);
  const addon = join(resolve(folder), 'node_modules/@tensorflow/tfjs-node-gpu');
  mkdirSync(join(addon, 'deps/lib'), { recursive: true });
  renameSync(join(scratch, 'tensorflow/include'), join(addon, 'deps/include'));
  for (const file of libraries) {
    renameSync(join(scratch, 'tensorflow', file), join(addon, 'deps/lib', file));
    // binding.gyp links by these names.
    const link = file.replace('_cc', '').replace('.so.2', '.so');
    symlinkSync(file, join(addon, 'deps/lib', link));
  }
  console.log('setup: building the addon of tfjs-node');
  nodeGyp(folder, addon);
  // What only the build needs is larger than the addon.
  for (const path of [scratch, join(addon, 'deps/include'), join(addon, 'build')]) {
    rmSync(path, { recursive: true });
  }
}

function nodeGyp(folder, addon) {
  // Where Node came with its headers; elsewhere node-gyp downloads them.
  const prefix = resolve(realpathSync(process.execPath), '../..');
  const headers = existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];
  const napi = ['--napi_version=9', '--napi_build_version=8', '--module_name=tfjs_binding'];
  const program = resolve(folder, 'node_modules/node-gyp/bin/node-gyp.js');
  const where = `--module_path=${join(addon, 'lib/napi-v8')}`;
  execFileSync(
    process.execPath,
    [program, 'rebuild', '--loglevel=warn', '--silent', ...napi, where, ...headers],
    {
      cwd: addon,
      stdio: 'inherit',
    },
  );
}
