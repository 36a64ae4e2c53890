import type { JobKind } from '@eigenloom/runtime';
import { STUDIES } from './methods/index.js';
import { planAnalysis } from './plan.js';
import { runAnalysis } from './run.js';

/** The work of the analysis service. */
export const analysisKind: JobKind<'analysis'> = {
  kind: 'analysis',
  methods: STUDIES.methods.map((method) => ({ ...method, field: 'study' })),
  async validate(request, context) {
    await planAnalysis(request, context);
  },
  estimate: async (request, context) => (await planAnalysis(request, context)).study.estimate,
  run: runAnalysis,
};
