import type { common, init } from '@eigenloom/contracts';
import type { InitPlan } from './plan.js';

const F32 = 4;

/** What a plan takes: the start's own cost, and what is read and written. */
export function estimateOf(plan: InitPlan, request: init.InitAdapterRequest): common.Estimate {
  const { start, values, model } = plan;
  const { seconds, memoryBytes, readsWeights } = start.cost(plan);
  const stored = [...model.tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  const tensors = values * F32;
  const residual = start.changesBase && request.residualUri !== '' ? stored : 0;
  return {
    durationSeconds: seconds,
    memoryBytes: BigInt(tensors + memoryBytes),
    diskBytes: BigInt(tensors + residual),
    readBytes: BigInt((readsWeights ? stored : 0) + residual),
    notes: (model.notes ?? []).map((note) => `model: ${note}`),
  };
}
