import type { Definition, ParametersOf } from '@eigenloom/contracts';
import { incompatible, invalidInput } from '@eigenloom/errors';
import {
  evaluateLanguageModel,
  meanCrossEntropy,
  nextTokenLoss,
  nextTokens,
  scored,
  scoredTogether,
} from '@eigenloom/models';
import type { ObjectiveChoice } from '../choice.js';
import type {
  Forwarded,
  Objective,
  ObjectiveContext,
  ObjectiveData,
  ObjectiveState,
  Reading,
} from './objective.js';
import { readBoth, together, useBoth } from './both-sets.js';

/** Cross-entropy of the next token, by the model's own language head. */
export const causalLanguageModeling: Definition<
  ParametersOf<ObjectiveChoice, 'causalLanguageModeling'>,
  Objective
> = {
  summary: 'Cross-entropy of the next token',
  paper: 'Bengio et al. 2003, A Neural Probabilistic Language Model',
  deviations: '',
  create: (_, field) => ({
    isLabelled: false,
    metrics: { accuracy: 'share of next tokens that are the most likely ones' },
    head: () => null,
    checkModel({ family }) {
      if (family.heads.language_modeling !== undefined) return Promise.resolve();
      const why = `the ${family.id} family has no causal language model`;
      return Promise.reject(invalidInput('NO_LANGUAGE_HEAD', field, why));
    },
    checkExamples: () => Promise.resolve(),
    // The scores and their gradient.
    lossValues: ({ config: { vocabularySize } }, positions, inParts) =>
      2 * vocabularySize * (inParts ? Math.min(positions, scoredTogether(vocabularySize)) : positions),
    read,
    prepare: (data, context) => Promise.resolve(atWork(data, context)),
    files: () => ({ taskType: 'CAUSAL_LM', config: null, className: null, card: { head: '', note: '' } }),
  }),
};

async function read(reading: Reading): Promise<ObjectiveData> {
  const data = await readBoth(reading, false);
  const used = await useBoth(data, (set) => {
    if (set.sequences !== undefined) return set.sequences();
    throw incompatible(
      'INPUT_KIND',
      `a language model reads tokens, the examples are ${reading.reader.kind}`,
    );
  });
  return { ...together(reading, used), classes: [], headStart: 'new' };
}

function atWork(
  { train, validation }: ObjectiveData,
  { network, pass, batchSize, signal }: ObjectiveContext,
): ObjectiveState {
  const forward = (indices: Int32Array, step: number): Forwarded => {
    const batch = train.batch(indices);
    const targets = nextTokens(batch);
    const found = scored(network, null, batch, pass(step));
    const losses = { next_token: { value: meanCrossEntropy(found.logits, targets) } };
    return { ...found, batch, targets, losses };
  };
  return {
    load: async (indices) => train.load?.(indices, signal),
    losses(indices, step) {
      const options = pass(step);
      if (options.part === undefined) return forward(indices, step).losses;
      return { next_token: { value: nextTokenLoss(network, train.batch(indices), options) } };
    },
    forward,
    async evaluate() {
      if (validation === null) throw new Error('an evaluation has validation data');
      const options = { ...pass(), batchSize, signal };
      const { loss, accuracy } = await evaluateLanguageModel(network, validation, options);
      return { loss, metrics: { accuracy } };
    },
  };
}
