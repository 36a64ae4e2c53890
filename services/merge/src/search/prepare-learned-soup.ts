import { definePreparer } from '../prepare/preparation.js';
import { searchData, searchInput, searchMemory } from './plan-search.js';
import { runSearch } from './run-search.js';

const FIELD = 'learned_soup.data';
const ROLE = 'data';
const DEFAULT_EPOCHS = 5;
const DEFAULT_LEARNING_RATE = 0.05;

/** Learns the weights of a learned soup. */
export const learnedSoupPreparer = definePreparer({
  case: 'learnedSoup',
  data: ({ data }) => (data === undefined ? [] : [{ field: FIELD, role: ROLE, ref: data }]),
  memory: (parameters, plan) => searchMemory(plan, parameters),
  async prepare(parameters, plan, paths, context) {
    const { path = '', adapters = [] } = plan.models[0] ?? {};
    const data = searchData(FIELD, ROLE, parameters.data, paths);
    const tasks = [{ model: 0, head: { path, adapters }, data, sign: 1 as const }];
    const input = searchInput(plan, { ...parameters, tasks, fromBase: false, requireLabels: true });
    return runSearch(
      plan,
      input,
      {
        rule: 'softmax',
        shared: parameters.modelWise,
        // As in the authors' program; equal numbers mean equal weights, whatever they are.
        initial: 1 / plan.models.length,
        objective: 'cross_entropy',
        logitScale: true,
        optimizer: {
          learningRate: parameters.learningRate ?? DEFAULT_LEARNING_RATE,
          weightDecay: 0,
          maxGradientNorm: 0,
        },
        cosine: false,
        penaltyNorm: 0,
        epochs: parameters.epochs || DEFAULT_EPOCHS,
        maxSteps: 0,
        keep: { name: 'last', controlThreshold: 0 },
        scoreModels: true,
      },
      context,
    );
  },
});
