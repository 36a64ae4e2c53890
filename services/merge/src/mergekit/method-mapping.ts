import type { merge } from '@eigenloom/contracts';

import type { MethodCase, ModelParameters, ParametersOf } from '../methods/method.js';

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

type PlainParameters = object;
/** The message of a case; of a case that the contract does not have yet, any object. */
export type ParametersFor<K extends string> = K extends MethodCase ? ParametersOf<K> : PlainParameters;

/**
 * What the base is to a method: `origin`, which it subtracts; `first` of the two models; or one of the `models` like the others.
 */
export type BaseRole = 'origin' | 'first' | 'model';

/** How a method of mergekit becomes one of ours. */
export interface MethodMapping {
  /** As mergekit spells it. */
  readonly id: string;
  readonly base: BaseRole;
  readonly needsBase: boolean;
  /** Fewest and most models, without an origin. */
  readonly models: readonly [number, number];
  /** Parameters that all models share, with the rules of their values. */
  readonly method: Readonly<Record<string, ParameterRule | undefined>>;
  /** Parameters of each model. */
  readonly model: Readonly<Record<string, ParameterRule | undefined>>;
  /** The member of the request's oneof, for one tensor. */
  readonly bind: (shared: Values, weights: readonly number[]) => PlainMethod;
}

/** A member of the request's oneof, which the contract may not have yet. */
export interface PlainMethod {
  readonly $case: string;
  readonly value: PlainParameters;
}
export type ChosenMethod = NonNullable<merge.MergeRequest['method']>;

type Described<K extends string> = Omit<MethodMapping, 'bind' | 'model'> & {
  readonly case: K;
  readonly model: { readonly [P in keyof ModelParameters]?: ParameterRule };
  readonly parameters: (shared: Values, weights: readonly number[]) => ParametersFor<K>;
};

/** Checks the parameters against the contract where it has the case. */
export function mapping<K extends string>(described: Described<K>): MethodMapping {
  const { case: name, parameters, ...rest } = described;
  return { ...rest, bind: (shared, weights) => ({ $case: name, value: parameters(shared, weights) }) };
}

export const isOn = (value: number | undefined): boolean => value !== undefined && value !== 0;
