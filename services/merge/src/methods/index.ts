import { invalidInput } from '@eigenloom/errors';
import type { merge } from '@eigenloom/contracts';
import type { MergeStep } from '@eigenloom/numeric';

import { greedySoup } from './greedy-soup.js';
import { linear } from './linear.js';
import type { MergeMethod, MethodCase, TensorContext } from './method.js';
import { taskArithmetic } from './task-arithmetic.js';
import { ties } from './ties.js';

/** In the order of the proto; one of the proto that is missing here does not compile. */
const BY_CASE: { readonly [K in MethodCase]: MergeMethod<K> } = { linear, greedySoup, taskArithmetic, ties };

/** What every method has, whatever its parameters. */
export type AnyMethod = Omit<MergeMethod, 'check' | 'mergeTensor'>;

export const METHODS: readonly AnyMethod[] = Object.values(BY_CASE);

/** A method with the parameters of a request. */
export interface BoundMethod extends AnyMethod {
  check(weights: readonly number[]): void;
  mergeTensor(tensor: TensorContext): readonly MergeStep[];
}

/** The method that a request chooses. Errors: `METHOD_MISSING`. */
export function boundMethod({ method }: Pick<merge.MergeRequest, 'method'>): BoundMethod {
  switch (method?.$case) {
    case undefined:
      throw invalidInput(
        'METHOD_MISSING',
        'method',
        `choose one of ${METHODS.map(({ id }) => id).join(', ')}`,
      );
    case 'linear':
      return bind(method.$case, method.value);
    case 'greedySoup':
      return bind(method.$case, method.value);
    case 'taskArithmetic':
      return bind(method.$case, method.value);
    case 'ties':
      return bind(method.$case, method.value);
  }
}

function bind<K extends MethodCase>(
  name: K,
  parameters: Parameters<MergeMethod<K>['check']>[0],
): BoundMethod {
  const method = BY_CASE[name] as MergeMethod<K>;
  return {
    ...method,
    check: (weights) => {
      method.check(parameters, weights);
    },
    mergeTensor: (tensor) => method.mergeTensor(tensor, parameters),
  };
}
