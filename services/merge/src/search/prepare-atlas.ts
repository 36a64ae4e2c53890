import { merge } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';

import { definePreparer } from '../prepare/preparation.js';
import type { LearnSettings } from './learn-settings.js';
import { requireTaskData, searchInput, searchMemory, searchTasks, taskDataFields } from './plan-search.js';
import { runSearch } from './run-search.js';

const { AtlasObjective } = merge;
const DEFAULT_WEIGHT_DECAY = 0.1;
const DEFAULT_CONTROL_THRESHOLD = 0.95;
const MAX_GRADIENT_NORM = 1;

/** Few examples: a high learning rate that falls, few passes. */
const isShort = (objective: merge.AtlasObjective): boolean =>
  objective === AtlasObjective.FEW_SHOT || objective === AtlasObjective.TEST_TIME;

const keepOf = (objective: merge.AtlasObjective): LearnSettings['keep']['name'] => {
  if (objective === AtlasObjective.TEST_TIME) return 'last';
  return objective === AtlasObjective.NEGATION ? 'most_forgotten' : 'most_accurate';
};

function settingsOf(parameters: merge.AtlasMerge): LearnSettings {
  const { objective } = parameters;
  const short = isShort(objective);
  return {
    rule: 'plain',
    shared: false,
    initial: 0,
    objective: objective === AtlasObjective.TEST_TIME ? 'entropy' : 'cross_entropy',
    logitScale: false,
    optimizer: {
      learningRate: parameters.learningRate ?? (short ? 0.1 : 1e-3),
      weightDecay: parameters.weightDecay ?? DEFAULT_WEIGHT_DECAY,
      maxGradientNorm: MAX_GRADIENT_NORM,
    },
    cosine: short,
    penaltyNorm: parameters.penaltyNorm,
    epochs: parameters.epochs || (short ? 10 : 20),
    maxSteps: 0,
    keep: {
      name: keepOf(objective),
      controlThreshold: parameters.controlThreshold ?? DEFAULT_CONTROL_THRESHOLD,
    },
    scoreModels: false,
  };
}

/** Learns the coefficients of aTLAS. */
export const atlasPreparer = definePreparer({
  case: 'atlas',
  data: ({ objective }, request) => {
    if (!isShort(objective)) requireTaskData(request, 'atlas');
    const fields = taskDataFields(request);
    if (fields.length === 0)
      throw invalidInput('FIELD_MISSING', 'models[0].data', 'atlas needs the task of a model');
    if (objective === AtlasObjective.NEGATION && request.models.length < 2) {
      throw invalidInput('FIELD_MISSING', 'models[1]', 'negation needs a model whose task is kept');
    }
    return fields;
  },
  memory: (parameters, plan) => searchMemory(plan, parameters),
  async prepare(parameters, plan, paths, context, { request }) {
    const negation = parameters.objective === AtlasObjective.NEGATION;
    const tasks = searchTasks(plan, request, paths).map((task) =>
      negation && task.model === 0 ? { ...task, sign: -1 as const } : task,
    );
    const input = searchInput(plan, {
      ...parameters,
      tasks,
      fromBase: true,
      requireLabels: parameters.objective !== AtlasObjective.TEST_TIME,
      ...(negation ? { positions: [0] } : {}),
    });
    const prepared = await runSearch(plan, input, settingsOf(parameters), context);
    return negation ? { ...prepared, kept: [0] } : prepared;
  },
});
