import * as tf from '@tensorflow/tfjs-core';
import { internal, type AppError } from '@eigenloom/errors';
import { amendKernel } from './amend-kernel.js';
import { OptionalPackage } from './optional-package.js';

const BACKEND = 'webgpu';

interface Dawn {
  /** Objects of the WebGPU API that scripts find in a browser's global scope. */
  readonly globals: object;
  readonly create: (options: readonly string[]) => {
    requestAdapter(options: object): Promise<object | null>;
  };
}

/** tfjs's WebGPU backend on Dawn, made to look like a browser's; it registers itself when it is loaded. */
export async function installWebgpu(): Promise<void> {
  const packages = new OptionalPackage('webgpu', 'EIGENLOOM_WEBGPU');
  const { create, globals } = (await packages.import('webgpu')) as Dawn;
  const gpu = create([]);
  if ((await gpu.requestAdapter({ powerPreference: 'high-performance' })) === null) {
    throw packages.unavailable(
      'finds no adapter: it needs a Vulkan, Metal or Direct3D 12 driver (docs/guides/engine.md names one in software)',
    );
  }
  Object.assign(globalThis, globals);
  // Node 21 has a navigator, which cannot be replaced but can be extended.
  if (!('navigator' in globalThis)) Object.assign(globalThis, { navigator: {} });
  const { navigator } = globalThis as unknown as { navigator: object };
  Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  packages.load('@tensorflow/tfjs-backend-webgpu');
  amendKernel(tf.Sum, BACKEND, sumNothingToZero);
  amendKernel(tf.BatchMatMul, BACKEND, multiplyNothingToZero);
  reportErrors();
}

interface GpuBackend extends tf.KernelBackend {
  readonly device: {
    addEventListener(type: 'uncapturederror', listener: (event: { error: Error }) => void): void;
  };
}

/**
 * Makes what is read from the GPU after an error fail. Invalid commands and a full memory are reported beside them, and the
 * numbers that were to come from them would be taken for results.
 */
function reportErrors(): void {
  const create = tf.findBackendFactory(BACKEND) as () => Promise<GpuBackend>;
  tf.removeBackend(BACKEND);
  tf.registerBackend(BACKEND, async () => {
    const backend = await create();
    let failure: AppError | undefined;
    backend.device.addEventListener('uncapturederror', ({ error }) => {
      failure ??= internal('GPU_ERROR', 'the GPU reported an error', { cause: error });
    });
    const read = backend.read.bind(backend);
    backend.read = async (dataId) => {
      const values = await read(dataId);
      if (failure !== undefined) throw failure;
      return values;
    };
    return backend;
  });
}

// A buffer of no bytes cannot be bound. Other kernels see themselves that their result is empty; that of these two is not.
const sumNothingToZero =
  (sum: tf.KernelFunc): tf.KernelFunc =>
  (call) => {
    const { x } = call.inputs as { readonly x: tf.TensorInfo };
    if (tf.util.sizeFromShape(x.shape) > 0) return sum(call);
    const axes = tf.util.parseAxisParam((call.attrs?.['axis'] ?? null) as number[], x.shape);
    const keep = call.attrs?.['keepDims'] === true;
    const shape = x.shape.flatMap((size, axis) => (!axes.includes(axis) ? [size] : keep ? [1] : []));
    return tf.zeros(shape, x.dtype === 'bool' ? 'int32' : x.dtype);
  };

const multiplyNothingToZero =
  (multiply: tf.KernelFunc): tf.KernelFunc =>
  (call) => {
    const { a, b } = call.inputs as { readonly a: tf.TensorInfo; readonly b: tf.TensorInfo };
    const inner = a.shape.at(call.attrs?.['transposeA'] === true ? -2 : -1);
    if (inner !== 0) return multiply(call);
    const batch = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
    const rows = a.shape.at(call.attrs?.['transposeA'] === true ? -1 : -2) ?? 0;
    const columns = b.shape.at(call.attrs?.['transposeB'] === true ? -2 : -1) ?? 0;
    return tf.zeros([...batch, rows, columns]);
  };
