import * as tf from '@tensorflow/tfjs-core';
import { FUSED_KERNELS } from '../ops/index.js';
import type { Attributes, Inputs } from '../ops/fused-kernel.js';
import { ATTENTION } from './native/attention.js';
import { AXES } from './native/axes.js';
import { BATCH_NORM } from './native/batch-norm.js';
import { CONVOLUTION } from './native/convolution.js';
import { ELEMENTWISE } from './native/elementwise.js';
import { FOURIER } from './native/fourier.js';
import { LAYOUT } from './native/layout.js';
import { NativeBackend } from './native/native-backend.js';
import type { NativeKernel } from './native/native-kernel.js';
import { PRODUCTS } from './native/products.js';
import { ROWS } from './native/rows.js';
import { SCATTER } from './native/scatter.js';

const BACKEND = 'native';

/** The kernels that the Rust core runs, by name. */
export const NATIVE_KERNELS: ReadonlyMap<string, NativeKernel> = new Map([
  ...PRODUCTS,
  ...ATTENTION,
  ...ROWS,
  ...ELEMENTWISE,
  ...AXES,
  ...LAYOUT,
  ...CONVOLUTION,
  ...BATCH_NORM,
  ...FOURIER,
  ...SCATTER,
]);

// Their result is the same entry of the backend's data, whose references the backend counts.
const REFERENCES: ReadonlySet<string> = new Set([tf.Identity, tf.Reshape, tf.ExpandDims]);

export function installNative(): Promise<void> {
  // Above the stock CPU backend's, so that the engine would choose it by itself, too.
  const priority = 10;
  tf.registerBackend(BACKEND, () => new NativeBackend(), priority);
  const fused = new Set(FUSED_KERNELS.map(({ name }) => name));
  for (const config of tf.getKernelsForBackend('cpu')) {
    if (!fused.has(config.kernelName)) tf.registerKernel(onNative(config.kernelName, config.kernelFunc));
  }
  for (const { name, composed } of FUSED_KERNELS) {
    const byStock: tf.KernelFunc = ({ inputs, attrs }) =>
      tf.tidy(() => composed(inputs as Inputs, (attrs ?? {}) as Attributes));
    tf.registerKernel(onNative(name, byStock));
  }
  return Promise.resolve();
}

/** The native kernel, with the stock one for the calls that it leaves. */
function onNative(kernelName: string, stock: tf.KernelFunc): tf.KernelConfig {
  const own = NATIVE_KERNELS.get(kernelName);
  const kernelFunc: tf.KernelFunc = (call) => {
    const { backend } = call;
    if (!(backend instanceof NativeBackend)) throw new Error(`${kernelName} runs on another backend`);
    const inputs = call.inputs as Readonly<Record<string, tf.TensorInfo>>;
    const result = own?.({ inputs, backend, attributes: call.attrs ?? {} });
    if (result !== undefined) return result;
    if (REFERENCES.has(kernelName)) return stock(call);
    const whole = expanded(inputs, backend);
    const made = stock({ ...call, inputs: whole });
    backend.shareViews(Object.values(whole).flat(), [made].flat());
    for (const [name, info] of Object.entries(whole))
      if (info !== inputs[name]) backend.disposeIntermediateTensorInfo(info);
    return made;
  };
  return { kernelName, backendName: BACKEND, kernelFunc };
}

/** The inputs of a stock kernel, which knows no frozen ones. */
function expanded(
  inputs: Readonly<Record<string, tf.TensorInfo>>,
  backend: NativeBackend,
): Readonly<Record<string, tf.TensorInfo>> {
  const entries = Object.entries(inputs);
  const isFrozen = (info: tf.TensorInfo | undefined): boolean =>
    info !== undefined && !Array.isArray(info) && backend.frozen(info) !== undefined;
  if (!entries.some(([, info]) => isFrozen(info))) return inputs;
  const whole = (info: tf.TensorInfo): tf.TensorInfo =>
    backend.output(info.shape, (out) => {
      backend.frozen(info)?.expandInto(out);
    });
  return Object.fromEntries(entries.map(([name, info]) => [name, isFrozen(info) ? whole(info) : info]));
}
