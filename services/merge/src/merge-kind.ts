import type { JobKind } from '@eigenloom/runtime';

import { METHODS, makerOf } from './make/index.js';

/** The work of the merge service. */
export const mergeKind: JobKind<'merge'> = {
  kind: 'merge',
  methods: METHODS,
  validate: (request, context) => makerOf(request).validate(request, context),
  estimate: (request, context) => makerOf(request).estimate(request, context),
  run: (request, context) => makerOf(request).run(request, context),
};
