import { merge } from '@eigenloom/contracts';

import { METHODS } from '../methods/index.js';
import type { ModelMethod } from '../prepare/model-method.js';

/** A method that merges tensor by tensor, of its JSON: `{ ties: { density: 0.5 } }`. */
export function methodFromJson(choice: object): ModelMethod {
  const { method } = METHODS.create(merge.MergeMethod.fromJSON(choice).kind);
  if (method.makes !== 'model') throw new Error(`${method.id} merges no tensors`);
  return method;
}
