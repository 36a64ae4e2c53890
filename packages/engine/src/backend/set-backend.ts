import * as tf from '@tensorflow/tfjs-core';
import { dependencyDown, invalidInput } from '@eigenloom/errors';
import { registerGradients } from '../gradients/register.js';
import { FUSED_KERNELS } from '../ops/index.js';
import { registerFused } from '../ops/fused-kernel.js';
import { installCpu } from './cpu.js';
import { installNative } from './native.js';

/** The backends that model code can run on. `cpu` is the stock JavaScript backend, slow, the reference of the others. */
export const BACKENDS = ['native', 'tensorflow', 'webgpu', 'cpu'] as const;
export type BackendName = (typeof BACKENDS)[number];

const INSTALL: Readonly<Record<BackendName, (() => Promise<void>) | undefined>> = {
  cpu: installCpu,
  native: installNative,
  tensorflow: undefined,
  webgpu: undefined,
};
const installed = new Set<BackendName>();

/**
 * Makes `name` the backend of this thread; each thread has its own. Call it before the first tensor is made.
 * Fails with DEPENDENCY_DOWN/BACKEND_UNAVAILABLE where what the backend needs is not installed.
 */
export async function setBackend(name: BackendName): Promise<void> {
  const install = INSTALL[name] as (() => Promise<void>) | undefined;
  if (!BACKENDS.includes(name)) {
    throw invalidInput(
      'UNKNOWN_BACKEND',
      'backend',
      `${name as string} is not one of ${BACKENDS.join(', ')}`,
    );
  }
  if (install === undefined) {
    throw dependencyDown('BACKEND_UNAVAILABLE', `backend ${name} is not installed`, { retryable: false });
  }
  if (!installed.has(name)) {
    await install();
    registerFused(FUSED_KERNELS, name);
    registerGradients();
    installed.add(name);
  }
  if (!(await tf.setBackend(name))) {
    throw dependencyDown('BACKEND_UNAVAILABLE', `backend ${name} did not start`, { retryable: false });
  }
}
