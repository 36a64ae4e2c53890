import * as tf from '@tensorflow/tfjs-core';

/** Replaces a kernel of a backend that has a fault by one that gets round it and calls the kernel itself. */
export function amendKernel(
  kernelName: string,
  backendName: string,
  amend: (stock: tf.KernelFunc) => tf.KernelFunc,
): void {
  const stock = tf.getKernel(kernelName, backendName);
  tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({ ...stock, kernelFunc: amend(stock.kernelFunc) });
}
