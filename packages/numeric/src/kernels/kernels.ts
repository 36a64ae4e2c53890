import { addon } from '../native/addon.js';
import type { NativeKernels } from './native-kernels.js';

/** The tensor kernels, for a thread that may be held up. Errors: `NUMERIC_CORE_MISSING`. */
export function kernels(): NativeKernels {
  return addon();
}
