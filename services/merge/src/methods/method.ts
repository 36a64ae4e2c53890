import type { merge } from '@eigenloom/contracts';
import type { MergeStep } from '@eigenloom/numeric';

type Chosen = NonNullable<merge.MergeRequest['method']>;
/** Name of a method in the request's oneof. */
export type MethodCase = Chosen['$case'];
export type ParametersOf<K extends MethodCase> = Extract<Chosen, { $case: K }>['value'];

/** What may differ from model to model. What is left out has the method's default. */
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
  /** One for each model, in order. */
  readonly models: readonly ModelParameters[];
  /** Whose definition holds where mergekit and the papers differ. */
  readonly mode: 'paper' | 'mergekit';
}

/** A way to merge models. Pure: steps follow from the parameters and the size of the tensor. */
export interface MergeMethod<K extends MethodCase = MethodCase> {
  readonly case: K;
  /** Id, snake_case: the oneof's field in the proto. */
  readonly id: string;
  readonly summary: string;
  readonly paper: string;
  readonly inputs: {
    /** A method that needs the base merges the base's tensors; another uses it only for config, tokenizer and the report. */
    readonly base: 'required' | 'optional';
    readonly minModels: number;
  };
  /** Exchanging models, with their weights and densities, changes rounding errors at most. */
  readonly symmetric: boolean;
  /** Throws InvalidInput for parameters outside their range. */
  check(parameters: ParametersOf<K>, weights: readonly number[]): void;
  /** The steps for one floating-point tensor. */
  mergeTensor(tensor: TensorContext, parameters: ParametersOf<K>): readonly MergeStep[];
}

export const defineMergeMethod = <K extends MethodCase>(method: MergeMethod<K>): MergeMethod<K> => method;

export const weightsOf = ({ models }: Pick<TensorContext, 'models'>): number[] =>
  models.map(({ weight }) => weight);
