import type { common } from '@eigenloom/contracts';
import { merge } from '@eigenloom/contracts';

import type { Mixture } from '../methods/mixture-of-experts.js';
import { estimateOf } from '../estimate.js';
import type { MixturePlan } from './plan.js';

/** As for forward passes in the init service. */
const OPERATIONS_PER_SECOND = 2e10;
const F32 = 4;
/** Tokens that a prompt is taken to have; they are not read for an estimate. */
const TOKENS = 64;

/** The price of a mixture: copying, and what the routers need of the base. */
export function estimateMixture(plan: MixturePlan, { gateMode, prompts }: Mixture): common.Estimate {
  const copying = estimateOf([plan]);
  const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
  const tensors = [...plan.base.model.tensors.values()];
  const all = tensors.reduce((sum, { shape }) => sum + elements(shape), 0);
  const table = elements(plan.base.model.tensors.get('model.embed_tokens.weight')?.shape ?? []);
  if (gateMode === merge.GateMode.RANDOM) return copying;
  if (gateMode === merge.GateMode.CHEAP_EMBED) {
    return { ...copying, memoryBytes: copying.memoryBytes + BigInt(F32 * table) };
  }
  const texts = prompts.reduce((sum, { positive, negative }) => sum + positive.length + negative.length, 0);
  return {
    ...copying,
    durationSeconds: copying.durationSeconds + (2 * all * TOKENS * texts) / OPERATIONS_PER_SECOND,
    // The base in f32.
    memoryBytes: copying.memoryBytes + BigInt(F32 * all),
  };
}
