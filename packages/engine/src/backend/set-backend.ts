import * as tf from '@tensorflow/tfjs-core';
import { dependencyDown, invalidInput } from '@eigenloom/errors';
import { registerGradients } from '../gradients/register.js';
import { FUSED_KERNELS } from '../ops/index.js';
import { registerFused } from '../ops/fused-kernel.js';
import { BACKENDS, type BackendName } from './backends.js';
import { installCpu } from './cpu.js';
import { installNative } from './native.js';
import { installTensorflow } from './tensorflow.js';
import { installWebgpu } from './webgpu.js';

const INSTALL: Readonly<Record<BackendName, () => Promise<void>>> = {
  cpu: installCpu,
  native: installNative,
  tensorflow: installTensorflow,
  webgpu: installWebgpu,
};
const installed = new Set<BackendName>();

/**
 * Makes `name` the backend of this thread; each thread has its own. Call it before the first tensor is made.
 * Fails with DEPENDENCY_DOWN: BACKEND_UNAVAILABLE where what the backend needs is not installed, or there is no GPU for it,
 * BACKEND_DEFECTIVE where it is installed and does not load.
 */
export async function setBackend(name: BackendName): Promise<void> {
  if (!BACKENDS.includes(name)) {
    throw invalidInput(
      'UNKNOWN_BACKEND',
      'backend',
      `${name as string} is not one of ${BACKENDS.join(', ')}`,
    );
  }
  if (!installed.has(name)) {
    await INSTALL[name]();
    registerFused(FUSED_KERNELS, name);
    registerGradients();
    installed.add(name);
  }
  if (!(await tf.setBackend(name))) {
    throw dependencyDown(
      'BACKEND_DEFECTIVE',
      `backend ${name} is installed and did not start: run "npm run setup -- ${name}" again, or choose another backend`,
      { retryable: false },
    );
  }
}
