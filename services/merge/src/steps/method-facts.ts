import type { MethodText } from '@eigenloom/contracts';

/** How many models a method takes, and whether with a base. */
export interface MethodInputs {
  /**
   * A method that needs the base merges the base's tensors; `used` means that task vectors are merged where a base is given; `optional`
   * that it serves only for config, tokenizer and the report; `none` that there is none.
   */
  readonly base: 'required' | 'used' | 'optional' | 'none';
  readonly minModels: number;
  /** Default: as many as the request may have. */
  readonly maxModels?: number;
}

/** What is known of a merge method whatever its parameters. */
export interface MethodFacts extends MethodText {
  /** What its numbers were compared with, beside the cases of mergekit and the property suite. */
  readonly checked?: string;
  /** What is different with MERGE_MODE_MERGEKIT. Default: nothing. */
  readonly inMergekitMode?: string;
  readonly inputs: MethodInputs;
}

/** What belongs to one model. Where a value is left out the method's default holds. */
export interface ModelParameters {
  readonly weight: number;
  readonly density?: number | undefined;
  readonly epsilon?: number | undefined;
  readonly gamma?: number | undefined;
  readonly scale?: number | undefined;
}

/** What every method with its parameters says of the models that it takes. */
export interface InputRules extends MethodFacts {
  /** Id, snake_case: the oneof's field in the proto. */
  readonly id: string;
  /** Throws InvalidInput for parameters of the models that the method cannot take; each is known to be in the range of its kind. */
  check(models: readonly ModelParameters[]): void;
}

/** The weights of the models. */
export const weightsOf = (models: readonly ModelParameters[]): number[] => models.map(({ weight }) => weight);
