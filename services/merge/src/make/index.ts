import type { merge } from '@eigenloom/contracts';

import type { MethodCase } from '../methods/method.js';
import { makeModel } from './make-model.js';
import type { Maker } from './maker.js';

/** Of the methods that make something else than a model merged tensor by tensor. */
const BY_CASE: Readonly<Partial<Record<MethodCase, Maker>>> = {};

/** What makes the result of a request. */
export const makerOf = ({ method }: merge.MergeRequest): Maker =>
  (method === undefined ? undefined : BY_CASE[method.$case]) ?? makeModel;
