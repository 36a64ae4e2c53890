import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';

/** The stock CPU backend registers itself when it is loaded; only its advertisement of tfjs-node is left out. */
export function installCpu(): Promise<void> {
  silence(tf.findBackend('cpu'));
  return Promise.resolve();
}

/** Stops a MathBackendCPU from printing, at its first tensor, that another package would be faster. */
export function silence(backend: unknown): void {
  Object.assign(backend as object, { firstUse: false });
}
