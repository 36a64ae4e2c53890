import { epochBatches } from '@eigenloom/models';

import type { TaskNetwork } from './task-network.js';

/** For each step, the positions of the examples of each task. */
export type Steps = readonly (readonly Int32Array[])[];

/** Every step has a batch of every task; an epoch is one pass over the task with the fewest batches. */
export function epochSteps(
  tasks: readonly Pick<TaskNetwork, 'texts'>[],
  batchSize: number,
  seed: bigint,
  epoch: number,
): Steps {
  const batches = tasks.map(({ texts }) =>
    epochBatches(
      texts.map(({ ids }) => ids.length),
      batchSize,
      seed,
      epoch,
    ),
  );
  const count = Math.min(...batches.map((own) => own.length));
  return Array.from({ length: count }, (_, step) => batches.map((own) => own[step] ?? new Int32Array()));
}
