import { merge } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';

import type { Preparer } from '../../plan/preparation.js';
import type { LearnSettings } from './learn-settings.js';
import { requireTaskData, searchInput, searchLimits, searchTasks, taskDataFields } from './plan-search.js';
import { runSearch } from './run-search.js';
import type { SearchSettings } from './search-settings.js';

const { AtlasObjective } = merge;
const MAX_GRADIENT_NORM = 1;

interface AtlasSettings {
  readonly objective: merge.AtlasObjective;
  readonly weightDecay: number;
  /** p; undefined: no penalty. */
  readonly penaltyNorm: number | undefined;
  readonly controlThreshold: number;
}

/** Few examples: a high learning rate that falls, few passes. */
const isShort = (objective: merge.AtlasObjective): boolean =>
  objective === AtlasObjective.FEW_SHOT || objective === AtlasObjective.TEST_TIME;

const keepOf = (objective: merge.AtlasObjective): LearnSettings['keep']['name'] => {
  if (objective === AtlasObjective.TEST_TIME) return 'last';
  return objective === AtlasObjective.NEGATION ? 'most_forgotten' : 'most_accurate';
};

function learnSettings(
  { objective, weightDecay, penaltyNorm, controlThreshold }: AtlasSettings,
  { learningRate, epochs }: SearchSettings,
): LearnSettings {
  const short = isShort(objective);
  return {
    rule: 'plain',
    shared: false,
    initial: 0,
    objective: objective === AtlasObjective.TEST_TIME ? 'entropy' : 'cross_entropy',
    logitScale: false,
    optimizer: {
      learningRate: learningRate ?? (short ? 0.1 : 1e-3),
      weightDecay,
      maxGradientNorm: MAX_GRADIENT_NORM,
    },
    cosine: short,
    penaltyNorm: penaltyNorm ?? 0,
    epochs: epochs ?? (short ? 10 : 20),
    maxSteps: 0,
    keep: { name: keepOf(objective), controlThreshold },
    scoreModels: false,
  };
}

/** Learns the coefficients of aTLAS. */
export const atlasPreparer = (
  parameters: AtlasSettings,
  settings: SearchSettings,
  method: string,
): Preparer => ({
  data: (request) => {
    const { objective } = parameters;
    if (!isShort(objective)) requireTaskData(request, method);
    const fields = taskDataFields(request);
    if (fields.length === 0)
      throw invalidInput('FIELD_MISSING', 'models[0].data', `${method} needs the task of a model`);
    if (objective === AtlasObjective.NEGATION && request.models.length < 2) {
      throw invalidInput('FIELD_MISSING', 'models[1]', 'negation needs a model whose task is kept');
    }
    return fields;
  },
  ...searchLimits(settings, method),
  async prepare(plan, paths, context, { request }) {
    const negation = parameters.objective === AtlasObjective.NEGATION;
    const tasks = searchTasks(plan, request, paths).map((task) =>
      negation && task.model === 0 ? { ...task, sign: -1 as const } : task,
    );
    const input = searchInput(plan, {
      ...settings,
      tasks,
      fromBase: true,
      requireLabels: parameters.objective !== AtlasObjective.TEST_TIME,
      ...(negation ? { positions: [0] } : {}),
    });
    const prepared = await runSearch(plan, input, learnSettings(parameters, settings), context);
    return negation ? { ...prepared, kept: [0] } : prepared;
  },
});
