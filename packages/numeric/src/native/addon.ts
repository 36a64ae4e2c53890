import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { AppError } from '@eigenloom/errors';

import type { NativeCheckpoint } from '../checkpoint/native-checkpoint.js';
import type { NativeMergeCalls } from '../merge/native-merge.js';
import type { NativeKernels } from '../kernels/native-kernels.js';
import type { NativeCalls } from './native-task.js';
import type { NativeLinalg } from '../linalg/native-linalg.js';
import type { NativeProjections } from '../projection/native-projection.js';
import type { NativeRandom } from '../native-random.js';
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
    NativeProjections,
    NativeKernels {}

const FOLDER = join(__dirname, '..', '..', 'native');

let loaded: Addon | undefined;

/** The numeric core. Errors: `NUMERIC_CORE_MISSING` if it has not been built, or for another kind of machine. */
export function addon(): Addon {
  loaded ??= load();
  return loaded;
}

function load(): Addon {
  const holder = { exports: {} };
  try {
    process.dlopen(holder, join(FOLDER, 'numeric.node'));
  } catch (cause) {
    throw new AppError('INCOMPATIBLE', 'NUMERIC_CORE_MISSING', whyNot(FOLDER, cause), { cause });
  }
  return holder.exports as Addon;
}

/** Why the core of a folder cannot be loaded, and what to do. */
export function whyNot(folder: string, cause: unknown): string {
  if (!existsSync(join(folder, 'numeric.node'))) {
    return 'the numeric core is not built: run `npm run setup` in the repository';
  }
  const here = `${process.platform}-${process.arch}`;
  const platform = join(folder, 'platform');
  const theirs = existsSync(platform) ? readFileSync(platform, 'utf8').trim() : here;
  const way =
    'pack it on such a machine (`npm run pack`), or build it there from the repository (`npm run setup`)';
  if (theirs !== here) return `the numeric core is built for ${theirs}, and this machine is ${here}: ${way}`;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return `the numeric core does not load on this machine (${reason}): ${way}`;
}
