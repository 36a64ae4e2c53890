import { BatchOrder } from '@eigenloom/datasets';

import type { TaskNetwork } from './task-network.js';

/** Every step has a batch of every task; an epoch is one pass over the task with the fewest batches. */
export class TaskBatches {
  readonly perEpoch: number;
  readonly #orders: readonly BatchOrder[];

  constructor(tasks: readonly Pick<TaskNetwork, 'texts'>[], batchSize: number, seed: bigint) {
    this.#orders = tasks.map(
      ({ texts }) => new BatchOrder({ lengths: texts.map(({ ids }) => ids.length), batchSize, seed }),
    );
    this.perEpoch = Math.min(...this.#orders.map((order) => order.perEpoch));
  }

  /** Positions of the examples of each task in a step, counted from 0. */
  of(step: number): readonly Int32Array[] {
    const epoch = Math.floor(step / this.perEpoch);
    return this.#orders.map((order) => order.batch(epoch * order.perEpoch + (step % this.perEpoch)));
  }
}
