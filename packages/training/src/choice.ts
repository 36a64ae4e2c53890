import type { train } from '@eigenloom/contracts';

/** What is minimised, as a request chooses it. */
export type ObjectiveChoice = NonNullable<train.Objective['kind']>;

/** How weights move, as a request chooses it. */
export type OptimizerChoice = NonNullable<train.OptimizerRule['kind']>;
