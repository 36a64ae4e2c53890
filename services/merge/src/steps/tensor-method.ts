import type { MaskNeeds, MergeStep } from '@eigenloom/numeric';

import type { InputRules, MethodFacts, ModelParameters } from './method-facts.js';

/** What a method may know of a tensor: nothing of its values, which only the core sees. */
export interface TensorContext {
  readonly name: string;
  readonly shape: readonly number[];
  readonly elements: number;
  /** In order. */
  readonly models: readonly ModelParameters[];
  /** Every model has a statistic of its own data for this tensor. */
  readonly statistics: boolean;
  /** Whose definition holds where mergekit and the papers differ. */
  readonly mode: 'paper' | 'mergekit';
}

/** How the masks of the models follow for one tensor. */
export interface MaskRule {
  /** From the models to the merged vector, without the base. */
  readonly steps: readonly MergeStep[];
  /** The models are compared as they are before the step at this position. */
  readonly before: number;
  readonly needs: MaskNeeds;
  /** Whether a model's vector has to be scaled to the sum of its magnitudes. */
  readonly rescaled: boolean;
}

/** What is known of a method that merges tensor by tensor, whatever its parameters. */
export interface TensorFacts extends MethodFacts {
  /**
   * Tensors of two or more dimensions are merged as matrices (out, in) with so many bytes of working memory; those that need more than
   * there is are merged as vectors are, which the result's card says.
   */
  readonly matrixBytes?: (out: number, columns: number) => number;
  /** Exchanging models, with their weights and densities, changes rounding errors at most. */
  readonly symmetric: boolean;
}

/** A way to merge models tensor by tensor, with its parameters. Pure: steps follow from the shape of the tensor. */
export interface TensorMethod extends TensorFacts, InputRules {
  /** The steps for one floating-point tensor. */
  mergeTensor(tensor: TensorContext): readonly MergeStep[];
  /** Multiply-adds for one tensor that is merged as a matrix, about; 0 for methods without matrices. */
  matrixOperations(tensor: TensorContext): number;
  /** Of methods that write a mask for each model beside the result. */
  masksOf(tensor: TensorContext): MaskRule | undefined;
}

/** Σ wᵢθᵢ / Σ wᵢ. */
export const weightedMean = (weights: readonly number[]): MergeStep[] => [
  { step: 'weigh', weights },
  { step: 'sum', divisor: 'weights', weights },
];
