import type { common } from '@eigenloom/contracts';

import type { MergePlan } from './merge-plan.js';

/** Bytes a second that a merge reads and writes on two cores, measured with bf16 models in the page cache. */
const BYTES_PER_SECOND = 1e9;
/** Chunks and histograms of all threads; does not grow with the model. */
const WORKING_BYTES = 256e6;

export function estimateOf(plan: MergePlan): common.Estimate {
  const bytes = (tensor: { byteLength: number } | undefined): number => tensor?.byteLength ?? 0;
  let read = 0;
  for (const tensor of plan.tensors) {
    read += tensor.models.reduce((sum, input) => sum + bytes(input), bytes(tensor.base));
  }
  const written = plan.shards.totalBytes;
  return {
    durationSeconds: (read + written) / BYTES_PER_SECOND,
    memoryBytes: BigInt(WORKING_BYTES),
    diskBytes: BigInt(written),
    readBytes: BigInt(read),
  };
}
