import { parseYaml } from '@eigenloom/contracts';

import { contractOf, type KindName, type RequestOf } from '../jobs/contract-of.js';
import { checkMessage } from './check-message.js';

/** The request of a recipe: YAML or JSON text that is the proto3 JSON of the request, nothing else. Throws InvalidInput. */
export function parseRecipe<K extends KindName>(kind: K, text: string): RequestOf[K] {
  return requestFromObject(kind, parseYaml(text));
}

/** The request that an already parsed object stands for. Throws InvalidInput. */
export function requestFromObject<K extends KindName>(kind: K, value: unknown): RequestOf[K] {
  const { request, requestType } = contractOf(kind);
  return request.fromJSON(checkMessage(requestType, value));
}
