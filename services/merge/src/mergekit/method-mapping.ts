import type { ParametersOf } from '@eigenloom/contracts';

import type { ModelCase, ModelChoice } from '../methods/index.js';
import type { ModelParameters } from '../steps/method-facts.js';

/** What a configuration may say of one parameter. */
export interface ParameterRule {
  /** Without one, and unless required, the parameter is left out. */
  readonly default?: number;
  readonly required?: true;
  /** A share below 0 counts as 0, one above 1 as 1. */
  readonly within?: 'share' | 'whole';
  /** The one value that is supported. */
  readonly only?: number;
}

/** Parameters of one tensor, by mergekit's names; true and false are 1 and 0. */
export type Values = Readonly<Record<string, number | undefined>>;

/**
 * What the base is to a method: `origin`, which it subtracts; `first` of the two models; or one of the `models` like the others.
 */
export type BaseRole = 'origin' | 'first' | 'model';

/** How a method of mergekit becomes one of ours. */
export interface MethodMapping {
  /** As mergekit spells it. */
  readonly id: string;
  /** Its member of the request's oneof. */
  readonly case: ModelCase;
  readonly base: BaseRole;
  readonly needsBase: boolean;
  /** Fewest and most models, without an origin. */
  readonly models: readonly [number, number];
  /** Parameters that all models share, with the rules of their values. */
  readonly method: Readonly<Record<string, ParameterRule | undefined>>;
  /** Parameters of each model. */
  readonly model: Readonly<Record<string, ParameterRule | undefined>>;
  /** The member of the request's oneof, for one tensor. */
  readonly bind: (shared: Values, weights: readonly number[]) => ModelChoice;
}

type Described<K extends ModelCase> = Omit<MethodMapping, 'bind' | 'case' | 'model'> & {
  readonly case: K;
  readonly model: { readonly [P in keyof ModelParameters]?: ParameterRule };
  readonly parameters: (shared: Values, weights: readonly number[]) => ParametersOf<ModelChoice, K>;
};

/** A mapping whose parameters are those of the contract. */
export function mapping<K extends ModelCase>(described: Described<K>): MethodMapping {
  const { parameters, ...rest } = described;
  return {
    ...rest,
    // The compiler cannot see that a name and its parameters stay together.
    bind: (shared, weights) => ({ $case: described.case, value: parameters(shared, weights) }) as ModelChoice,
  };
}

export const isOn = (value: number | undefined): boolean => value !== undefined && value !== 0;
