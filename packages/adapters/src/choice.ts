/** Parameters of LoRA, as the contract has them: absent and 0 stand for the defaults. */
export interface LoraParameters {
  /** Default: 8. */
  readonly rank?: number | undefined;
  /** Default: the rank, so that the scale is 1. */
  readonly alpha?: number | undefined;
  readonly rankStabilized: boolean;
  /** From 0 to below 1. */
  readonly dropout: number;
}

/** The kind of an adapter with its parameters: the oneof of the contract. */
export type AdapterChoice = { readonly $case: 'lora'; readonly value: LoraParameters };
