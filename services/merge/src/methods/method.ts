import type { merge } from '@eigenloom/contracts';
import type { MergeStep } from '@eigenloom/numeric';

type Chosen = NonNullable<merge.MergeRequest['method']>;
/** Name of a method in the request's oneof. */
export type MethodCase = Chosen['$case'];
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
  /** The core has a mask of the tensor behind the models. */
  readonly masked?: boolean;
  /** Whose definition holds where mergekit and the papers differ. */
  readonly mode: 'paper' | 'mergekit';
}

/** A way to merge models. Pure: steps follow from the parameters and the shape of the tensor. */
export interface MergeMethod<K extends MethodCase = MethodCase> {
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
  /** Exchanging models, with their weights and densities, changes rounding errors at most. */
  readonly symmetric: boolean;
  /** Throws InvalidInput for parameters outside their range; those of the models are known to be in the range of their kind. */
  check(parameters: ParametersOf<K>, models: readonly ModelParameters[]): void;
  /** The steps for one floating-point tensor. */
  mergeTensor(tensor: TensorContext, parameters: ParametersOf<K>): readonly MergeStep[];
}

/** The weights of the models. */
export const weightsOf = (models: readonly ModelParameters[]): number[] => models.map(({ weight }) => weight);

export const defineMergeMethod = <K extends MethodCase>(method: MergeMethod<K>): MergeMethod<K> => method;
