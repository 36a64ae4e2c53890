import { definePreparer } from '../prepare/preparation.js';
import { requireTaskData, searchInput, searchMemory, searchTasks, taskDataFields } from './plan-search.js';
import { runSearch } from './run-search.js';

const DEFAULT_STEPS = 500;
const DEFAULT_LEARNING_RATE = 1e-3;
const DEFAULT_INITIAL = 0.3;

/** Learns the coefficients of AdaMerging. */
export const adaMergingPreparer = definePreparer({
  case: 'adaMerging',
  data: (_, request) => {
    requireTaskData(request, 'ada_merging');
    return taskDataFields(request);
  },
  memory: (parameters, plan) => searchMemory(plan, parameters),
  async prepare(parameters, plan, paths, context, { request }) {
    const tasks = searchTasks(plan, request, paths);
    const input = searchInput(plan, { ...parameters, tasks, fromBase: true, requireLabels: false });
    return runSearch(
      plan,
      input,
      {
        rule: 'unit',
        shared: parameters.taskWise,
        initial: parameters.initial ?? DEFAULT_INITIAL,
        objective: 'entropy',
        logitScale: false,
        optimizer: {
          learningRate: parameters.learningRate ?? DEFAULT_LEARNING_RATE,
          weightDecay: 0,
          maxGradientNorm: 0,
        },
        cosine: false,
        penaltyNorm: 0,
        epochs: Number.MAX_SAFE_INTEGER,
        maxSteps: parameters.steps || DEFAULT_STEPS,
        keep: { name: 'last', controlThreshold: 0 },
        scoreModels: false,
      },
      context,
    );
  },
});
