import type { merge } from '@eigenloom/contracts';
import { internal } from '@eigenloom/errors';

import type { MethodCase, ParametersOf } from '../methods/method.js';

/** The parameters of a request whose method is known. */
export function parametersOf<K extends MethodCase>(
  { method }: Pick<merge.MergeRequest, 'method'>,
  name: K,
): ParametersOf<K> {
  if (method?.$case !== name) throw internal('WRONG_MAKER', `the method is not ${name}`);
  return method.value as ParametersOf<K>;
}
