import type { Definition } from '@eigenloom/contracts';

import type { Preparer } from '../plan/preparation.js';
import type { TensorFacts, TensorMethod } from '../steps/tensor-method.js';

/** A method that makes a model of models, with its parameters. */
export interface ModelMethod extends TensorMethod {
  readonly makes: 'model';
  /** Of methods that look at data before they merge. */
  readonly preparer?: Preparer | undefined;
}

/** A method that makes a model of models. */
export interface ModelDefinition<P> extends TensorFacts, Definition<P, ModelMethod> {
  readonly makes: 'model';
}

type Behaviour = Pick<ModelMethod, 'mergeTensor' | 'preparer'> &
  Partial<Pick<ModelMethod, 'check' | 'matrixOperations' | 'masksOf'>>;

interface Described<P> extends TensorFacts {
  /** As `Definition.create`, of what is not the same for all methods. */
  readonly create: (parameters: P, field: string) => Behaviour;
}

/** A method that merges models tensor by tensor. */
export function modelMethod<P>({ create, ...facts }: Described<P>): ModelDefinition<P> {
  return {
    ...facts,
    makes: 'model',
    create: (parameters, field) => ({
      ...facts,
      makes: 'model',
      id: field,
      check: () => undefined,
      matrixOperations: () => 0,
      masksOf: () => undefined,
      ...create(parameters, field),
    }),
  };
}
