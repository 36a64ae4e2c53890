import type { merge } from '@eigenloom/contracts';

import { METHODS } from '../methods/index.js';
import { makeAdapter } from './make-adapter.js';
import { makeExtraction } from './make-extraction.js';
import { makeMixture } from './make-mixture.js';
import { makeModel } from './make-model.js';
import type { Maker } from './maker.js';

/** What makes the result of a request. Errors: `METHOD_MISSING`; those of the method's parameters. */
export function makerOf({ method: choice, mergekit }: merge.MergeRequest): Maker {
  // Beside a configuration of mergekit a method is refused where the request is planned.
  if (mergekit !== undefined) return makeModel(undefined);
  const { method } = METHODS.create(choice?.kind);
  switch (method.makes) {
    case 'model':
      return makeModel(method);
    case 'adapter':
      return makeAdapter(method);
    case 'extraction':
      return makeExtraction(method);
    case 'mixture':
      return makeMixture(method);
  }
}
