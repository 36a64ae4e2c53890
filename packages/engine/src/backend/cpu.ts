import * as tf from '@tensorflow/tfjs-core';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { amendKernel } from './amend-kernel.js';

// The stock kernel writes its result over the tensor that it is to leave as it is.
const updateCopy =
  (update: tf.KernelFunc): tf.KernelFunc =>
  (call) => {
    const { backend } = call;
    if (!(backend instanceof MathBackendCPU))
      throw new Error('a kernel of the CPU backend runs on another one');
    const { tensor } = call.inputs as { readonly tensor: tf.TensorInfo };
    const values = (backend.readSync(tensor.dataId) as Float32Array).slice();
    const copy = backend.makeTensorInfo([...tensor.shape], tensor.dtype, values);
    const result = update({ ...call, inputs: { ...call.inputs, tensor: copy } });
    backend.disposeIntermediateTensorInfo(copy);
    return result;
  };

// Once, when this is loaded: `native` takes the kernels over from this backend.
amendKernel(tf.TensorScatterUpdate, 'cpu', updateCopy);

/** The stock CPU backend registers itself when it is loaded; its advertisement of tfjs-node is left out. */
export function installCpu(): Promise<void> {
  silence(tf.findBackend('cpu'));
  return Promise.resolve();
}

/** Stops a MathBackendCPU from printing, at its first tensor, that another package would be faster. */
export function silence(backend: unknown): void {
  Object.assign(backend as object, { firstUse: false });
}
