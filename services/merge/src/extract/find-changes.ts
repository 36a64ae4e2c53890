import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { incompatible } from '@eigenloom/errors';
import { MergeJob, SafetensorsWriter } from '@eigenloom/numeric';

import { type TensorPair, sourcesOf } from './planned.js';

/** A tensor that the fine-tuning changed. */
export interface Change {
  readonly pair: TensorPair;
  /** ‖tuned − base‖, of a new tensor its norm. */
  readonly norm: number;
}

/**
 * The tensors that differ from the base's, and those that it lacks. Streamed through a file in `folder`, for the core compares what
 * it writes. Errors: `NON_FINITE_INPUT`.
 */
export async function findChanges(
  pairs: readonly TensorPair[],
  folder: string,
  signal: AbortSignal,
): Promise<Change[]> {
  const changes: Change[] = [];
  const path = join(folder, 'compared.safetensors');
  for (const pair of pairs) {
    const { name, shape } = pair;
    const { tuned, base } = sourcesOf(pair);
    const writer = await SafetensorsWriter.create(path, [{ name, dtype: 'F32', shape }], {}, { signal });
    try {
      const job = new MergeJob();
      const steps = [{ step: 'sum', divisor: 'one', weights: [1] }] as const;
      job.add({ name, models: [tuned], base, steps }, writer);
      const report = await job.run({ signal });
      const [broken] = report.nonFinite;
      if (broken !== undefined) throw nonFiniteInput(name, broken.count, broken.model === undefined);
      if (base === undefined) changes.push({ pair, norm: report.referenceNorm });
      else if (report.changedTensors > 0) changes.push({ pair, norm: report.deltaNorm });
    } finally {
      writer.discard();
      await rm(path, { force: true });
    }
  }
  return changes;
}

/** A tensor of the fine-tuned model, by its name there, or of its base has values that are not finite. */
export const nonFiniteInput = (tensor: string, count: number, inBase: boolean): Error =>
  incompatible(
    'NON_FINITE_INPUT',
    `${inBase ? 'base' : 'models[0]'}: tensor ${JSON.stringify(tensor)} has ${count} NaN or infinite values`,
    { details: { tensor, count: String(count) } },
  );
