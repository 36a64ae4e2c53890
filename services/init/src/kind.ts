import { ADAPTERS } from '@eigenloom/adapters';
import type { common, MethodInfo } from '@eigenloom/contracts';
import type { JobKind } from '@eigenloom/runtime';
import { estimateOf } from './estimate.js';
import { STARTS } from './methods/index.js';
import { planInit } from './plan.js';
import { runInit } from './run.js';

const listed = (field: string, methods: readonly MethodInfo[]): common.Method[] =>
  methods.map((method) => ({ ...method, field }));

/** The work of the init service. */
export const initKind: JobKind<'init'> = {
  kind: 'init',
  methods: [...listed('adapter', ADAPTERS.methods), ...listed('start', STARTS.methods)],
  async validate(request, context) {
    await planInit(request, context);
  },
  estimate: async (request, context) => estimateOf(await planInit(request, context), request),
  run: runInit,
};
