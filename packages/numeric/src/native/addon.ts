import { join } from 'node:path';

import { AppError } from '@eigenloom/errors';

import type { NativeCheckpoint } from '../checkpoint/native-checkpoint.js';
import type { NativeMergeCalls } from '../merge/native-merge.js';
import type { NativeKernels } from '../kernels/native-kernels.js';
import type { NativeCalls } from './native-task.js';
import type { NativeLinalg } from '../linalg/native-linalg.js';
import type { NativeRandom } from '../random.js';
import type { NativeSpectrumCalls } from '../spectrum/native-spectrum.js';

/** What the addon exports. Each part of the bridge declares its own functions and adds them here. */
export interface Addon
  extends
    NativeCalls,
    NativeLinalg,
    NativeRandom,
    NativeSpectrumCalls,
    NativeCheckpoint,
    NativeMergeCalls,
    NativeKernels {}

const FILE = join(__dirname, '..', '..', 'native', 'numeric.node');

let loaded: Addon | undefined;

/** The numeric core. Errors: `NUMERIC_CORE_MISSING` if it has not been built. */
export function addon(): Addon {
  loaded ??= load();
  return loaded;
}

function load(): Addon {
  const holder = { exports: {} };
  try {
    process.dlopen(holder, FILE);
  } catch (cause) {
    throw new AppError(
      'INTERNAL',
      'NUMERIC_CORE_MISSING',
      'the numeric core is not built for this machine: run `npm run setup`',
      { cause },
    );
  }
  return holder.exports as Addon;
}
