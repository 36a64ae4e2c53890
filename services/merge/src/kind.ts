import type { JobKind } from '@eigenloom/runtime';

import { makerOf } from './make/index.js';
import { METHODS } from './methods/index.js';

/** The work of the merge service. */
export const mergeKind: JobKind<'merge'> = {
  kind: 'merge',
  methods: METHODS.methods.map((method) => ({ ...method, field: 'method' })),
  validate: async (request, context) => makerOf(request).validate(request, context),
  estimate: async (request, context) => makerOf(request).estimate(request, context),
  run: async (request, context) => makerOf(request).run(request, context),
};
