import { type ForwardOptions, streamKey } from '@eigenloom/models';
import type { TrainPlan } from '../plan/train-plan.js';
import type { PreparedNetwork } from './prepare-network.js';

/** Settings of a forward pass: of a training step, with the dropout of its adapters, or without a step of an evaluation. */
export function trainingPass(
  { method, seed }: TrainPlan,
  { adapters }: PreparedNetwork,
  step?: number,
): ForwardOptions {
  if (step === undefined || method.kind !== 'lora' || method.dropout === 0) return { adapters };
  return {
    adapters,
    dropout: { rate: method.dropout, key: (module) => streamKey(seed, 'dropout', step, module) },
  };
}
