import type { AdapterModuleKind, TensorSource } from '@eigenloom/checkpoint';
import type { merge } from '@eigenloom/contracts';

import { type PlannedInput, type PlannedSource, sourceOf } from '../plan/planned.js';

/** A tensor of the fine-tuned model with the base's. */
export interface TensorPair {
  readonly name: string;
  readonly shape: readonly number[];
  readonly tuned: PlannedSource;
  /** Undefined where only the fine-tuned model has it. */
  readonly base: PlannedSource | undefined;
}

/** Where both are read. */
export const sourcesOf = ({
  tuned,
  base,
}: Pick<TensorPair, 'tuned' | 'base'>): { tuned: TensorSource; base: TensorSource | undefined } => ({
  tuned: sourceOf(tuned),
  base: base === undefined ? undefined : sourceOf(base),
});

/** A matrix to decompose, seen as it is stored: rows × columns. */
export interface ExtractTarget extends TensorPair {
  /** Path of the module. */
  readonly module: string;
  readonly kind: AdapterModuleKind;
  readonly rows: number;
  readonly columns: number;
  /** ΔW is (B·A)ᵀ: embeddings, and weights stored (in, out). */
  readonly transposed: boolean;
  /** Largest rank that it may get. */
  readonly most: number;
  /** Module whose numbers decide its decomposition: itself, or the embeddings that are its weight too, so that both get the same. */
  readonly like: string;
}

/** An extraction before a value has been read. */
export interface ExtractPlan {
  readonly parameters: merge.ExtractAdapter;
  readonly seed: bigint;
  readonly model: PlannedInput;
  readonly base: PlannedInput;
  readonly targets: readonly ExtractTarget[];
  /** Biases of the targets. */
  readonly biases: readonly TensorPair[];
  /** Every other tensor; those that changed are kept in full. */
  readonly others: readonly TensorPair[];
  readonly taskType: string;
}
