import type { JobKind } from '@eigenloom/runtime';
import { estimate } from './estimate.js';
import { TRAIN_METHODS } from './methods/index.js';
import { checkInputs } from './plan/check-inputs.js';
import { resolvePlan } from './plan/resolve-plan.js';
import { runTraining } from './run.js';

/** Fine-tuning as a job. */
export const trainKind: JobKind<'train'> = {
  kind: 'train',
  methods: TRAIN_METHODS,
  async validate(request, context) {
    await checkInputs(await resolvePlan(request, context), context.signal, request);
  },
  async estimate(request, context) {
    const plan = await resolvePlan(request, context);
    return estimate(plan, await checkInputs(plan, context.signal, request), context.signal);
  },
  run: runTraining,
};
