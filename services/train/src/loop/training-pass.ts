import type { ForwardOptions } from '@eigenloom/models';
import { streamKey } from '@eigenloom/numeric';
import { recomputed } from '@eigenloom/training';
import type { TrainPlan } from '../plan/train-plan.js';
import type { PreparedNetwork } from './prepare-network.js';

/** Settings of a forward pass: of a training step, with the dropout of its adapters, or without a step of an evaluation. */
export function trainingPass(
  { seed, activationCheckpointing }: TrainPlan,
  { adapters }: PreparedNetwork,
  step?: number,
): ForwardOptions {
  if (step === undefined) return { adapters };
  return {
    adapters,
    training: { key: (site) => streamKey(seed, 'dropout', step, site) },
    ...(activationCheckpointing ? { part: recomputed } : {}),
  };
}
