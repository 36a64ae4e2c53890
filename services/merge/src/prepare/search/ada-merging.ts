import type { Preparer } from '../../plan/preparation.js';
import { requireTaskData, searchInput, searchLimits, searchTasks, taskDataFields } from './plan-search.js';
import { runSearch } from './run-search.js';
import type { SearchSettings } from './search-settings.js';

const DEFAULT_STEPS = 500;
const DEFAULT_LEARNING_RATE = 1e-3;

interface AdaMergingSettings {
  /** One coefficient for each model. */
  readonly taskWise: boolean;
  readonly initial: number;
}

/** Learns the coefficients of AdaMerging. */
export const adaMergingPreparer = (
  { taskWise, initial }: AdaMergingSettings,
  settings: SearchSettings,
  method: string,
): Preparer => ({
  data: (request) => {
    requireTaskData(request, method);
    return taskDataFields(request);
  },
  ...searchLimits(settings, method),
  async prepare(plan, paths, context, { request }) {
    const tasks = searchTasks(plan, request, paths);
    const input = searchInput(plan, { ...settings, tasks, fromBase: true, requireLabels: false });
    return runSearch(
      plan,
      input,
      {
        rule: 'unit',
        shared: taskWise,
        initial,
        objective: 'entropy',
        logitScale: false,
        optimizer: {
          learningRate: settings.learningRate ?? DEFAULT_LEARNING_RATE,
          weightDecay: 0,
          maxGradientNorm: 0,
        },
        cosine: false,
        penaltyNorm: 0,
        epochs: Number.MAX_SAFE_INTEGER,
        maxSteps: settings.steps ?? DEFAULT_STEPS,
        keep: { name: 'last', controlThreshold: 0 },
        scoreModels: false,
      },
      context,
    );
  },
});
