import { definePreparer } from '../prepare/preparation.js';
import { searchMemory, soupDataFields, soupInput } from './plan-search.js';
import { runSearch } from './run-search.js';

const METHOD = 'learned_soup';
const DEFAULT_EPOCHS = 5;
const DEFAULT_LEARNING_RATE = 0.05;

/** Learns the weights of a learned soup. */
export const learnedSoupPreparer = definePreparer({
  case: 'learnedSoup',
  data: ({ data }) => soupDataFields(METHOD, data),
  memory: (parameters, plan) => searchMemory(plan, parameters),
  async prepare(parameters, plan, paths, context) {
    const input = soupInput(METHOD, plan, parameters, paths);
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
