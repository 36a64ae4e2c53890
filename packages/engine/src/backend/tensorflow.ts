import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { amendKernel } from './amend-kernel.js';
import { PROCESS_ENVIRONMENT } from './backends.js';
import { OptionalPackage } from './optional-package.js';

// Node 23 removed them and tfjs-node 4.22 calls them.
const REMOVED_FROM_NODE = {
  isNullOrUndefined: (value: unknown): boolean => value === null || value === undefined,
  isArray: Array.isArray,
};

/** tfjs-node on libtensorflow; it registers its backend when it is loaded. */
export function installTensorflow(): Promise<void> {
  const packages = new OptionalPackage('tensorflow', 'EIGENLOOM_TENSORFLOW');
  // Reaches TensorFlow where this is a process' main thread; a worker's environment is a copy, set by who starts its process.
  for (const [name, value] of Object.entries(PROCESS_ENVIRONMENT.tensorflow ?? {}))
    process.env[name] ??= value;
  for (const [name, value] of Object.entries(REMOVED_FROM_NODE)) {
    if (!(name in util)) Object.assign(util, { [name]: value });
  }
  packages.load('@tensorflow/tfjs-node-gpu');
  amendKernel(tf.GatherV2, 'tensorflow', countAxisFromFront);
  return Promise.resolve();
}

// tfjs-node checks indices against shape[axis], which a negative axis has not got.
const countAxisFromFront =
  (gather: tf.KernelFunc): tf.KernelFunc =>
  (call) => {
    const { x } = call.inputs as { readonly x: tf.TensorInfo };
    const [axis = 0] = tf.util.parseAxisParam(Number(call.attrs?.['axis'] ?? 0), x.shape);
    return gather({ ...call, attrs: { ...call.attrs, axis } });
  };
