import type { EngineModule } from '@eigenloom/engine';

import { openPaths } from '../plan/model-paths.js';
import type { ModelPaths } from '../plan/planned.js';

export interface FoldTask {
  readonly model: ModelPaths;
  /** The file to write. */
  readonly output: string;
  /** What is done, for progress. */
  readonly phase: string;
}

/** Runs in a worker thread: writes what adapters change by more than pairs; returns the SHA-256 of the file. */
const writeFolded: EngineModule<FoldTask, string> = async ({ model, output, phase }, { signal, report }) => {
  const { dense } = await openPaths(model, signal);
  if (dense === undefined) throw new Error(`${model.path} needs no folding`);
  const say = (done: number, all: number): void => {
    report({ phase: `${phase} (${done} of ${all} tensors)` });
    signal.throwIfAborted();
  };
  say(0, dense.plans.length);
  return dense.write(output, { signal, onTensor: say });
};
export default writeFolded;
