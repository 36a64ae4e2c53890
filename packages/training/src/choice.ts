import type { train } from '@eigenloom/contracts';

/** What is minimised, as a request chooses it. */
export type ObjectiveChoice = NonNullable<train.TrainRequest['objective']>;

/** How weights move, as a request chooses it. */
export interface OptimizerChoice {
  readonly $case: 'adamw';
  readonly value: {
    readonly beta1?: number | undefined;
    readonly beta2?: number | undefined;
    readonly epsilon?: number | undefined;
  };
}
