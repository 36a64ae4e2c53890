import type { merge } from '@eigenloom/contracts';
import type { MaskNeeds, MergeStep } from '@eigenloom/numeric';

type Chosen = NonNullable<merge.MergeRequest['method']>;
/** Name of a method in the request's oneof. */
export type MethodCase = Chosen['$case'];
/** Methods that make an adapter of adapters. */
export type AdapterCase = Extract<MethodCase, `adapter${string}`>;
/** Methods that make something else than a model merged tensor by tensor; `make/` has a maker for each. */
export type MakerCase = AdapterCase | 'extractAdapter' | 'mixtureOfExperts';
/** Methods that merge models tensor by tensor. */
export type TensorCase = Exclude<MethodCase, MakerCase>;
export type ParametersOf<K extends MethodCase> = Extract<Chosen, { $case: K }>['value'];

/** What belongs to one model. Where a value is left out the method's default holds. */
export interface ModelParameters {
  readonly weight: number;
  readonly density?: number | undefined;
  readonly epsilon?: number | undefined;
  readonly gamma?: number | undefined;
  readonly scale?: number | undefined;
}

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

/** A way to merge models. Pure: steps follow from the parameters and the shape of the tensor. */
export interface MergeMethod<K extends TensorCase = TensorCase> {
  readonly case: K;
  /** Id, snake_case: the oneof's field in the proto. */
  readonly id: string;
  readonly summary: string;
  readonly paper: string;
  readonly inputs: {
    /**
     * A method that needs the base merges the base's tensors; `used` means that task vectors are merged where a base is given;
     * `optional` that it serves only for config, tokenizer and the report.
     */
    readonly base: 'required' | 'used' | 'optional';
    readonly minModels: number;
    /** Default: as many as the request may have. */
    readonly maxModels?: number;
  };
  /**
   * Tensors of two or more dimensions are merged as matrices (out, in) with so many bytes of working memory; those that need more than there
   * is are merged as vectors are, which the result's card says.
   */
  readonly matrixBytes?: (out: number, columns: number) => number;
  /** Exchanging models, with their weights and densities, changes rounding errors at most. */
  readonly symmetric: boolean;
  /** Throws InvalidInput for parameters outside their range; those of the models are known to be in the range of their kind. */
  check(parameters: ParametersOf<K>, models: readonly ModelParameters[]): void;
  /** Multiply-adds for one tensor that is merged as a matrix, about. */
  matrixOperations?(tensor: TensorContext, parameters: ParametersOf<K>): number;
  /** Of methods that write a mask for each model beside the result. */
  masksOf?(tensor: TensorContext, parameters: ParametersOf<K>): MaskRule;
  /** The steps for one floating-point tensor. */
  mergeTensor(tensor: TensorContext, parameters: ParametersOf<K>): readonly MergeStep[];
}

/** The weights of the models. */
export const weightsOf = (models: readonly ModelParameters[]): number[] => models.map(({ weight }) => weight);

/** Σ wᵢθᵢ / Σ wᵢ. */
export const weightedMean = (weights: readonly number[]): MergeStep[] => [
  { step: 'weigh', weights },
  { step: 'sum', divisor: 'weights', weights },
];

export const defineMergeMethod = <K extends TensorCase>(method: MergeMethod<K>): MergeMethod<K> => method;
