import type { common } from '@eigenloom/contracts';

import type { Preparer } from '../../plan/preparation.js';
import { searchLimits, soupDataFields, soupInput } from './plan-search.js';
import { runSearch } from './run-search.js';
import type { SearchSettings } from './search-settings.js';

const DEFAULT_EPOCHS = 5;
const DEFAULT_LEARNING_RATE = 0.05;

/** Learns the weights of a learned soup. */
export const learnedSoupPreparer = (
  data: common.DatasetRef,
  modelWise: boolean,
  settings: SearchSettings,
  method: string,
): Preparer => ({
  data: () => soupDataFields(method, data),
  ...searchLimits(settings, method),
  async prepare(plan, paths, context) {
    const input = soupInput(method, plan, data, settings, paths);
    return runSearch(
      plan,
      input,
      {
        rule: 'softmax',
        shared: modelWise,
        // As in the authors' program; equal numbers mean equal weights, whatever they are.
        initial: 1 / plan.models.length,
        objective: 'cross_entropy',
        logitScale: true,
        optimizer: {
          learningRate: settings.learningRate ?? DEFAULT_LEARNING_RATE,
          weightDecay: 0,
          maxGradientNorm: 0,
        },
        cosine: false,
        penaltyNorm: 0,
        epochs: settings.epochs ?? DEFAULT_EPOCHS,
        maxSteps: 0,
        keep: { name: 'last', controlThreshold: 0 },
        scoreModels: true,
      },
      context,
    );
  },
});
