import type { Definition, ParametersOf } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';
import { type ClassifiedText, evaluateLanguageModel, makeBatch } from '@eigenloom/models';
import type { ObjectiveChoice } from '../choice.js';
import type { Objective, ObjectiveContext, ObjectiveData, ObjectiveState, Reading } from './objective.js';
import { readBoth, together, useBoth } from './text-data.js';

/** Cross-entropy of the next token, by the model's own language head. */
export const causalLanguageModeling: Definition<
  ParametersOf<ObjectiveChoice, 'causalLanguageModeling'>,
  Objective<ClassifiedText>
> = {
  summary: 'Cross-entropy of the next token',
  paper: 'Bengio et al. 2003, A Neural Probabilistic Language Model',
  deviations: '',
  create: (_, field) => ({
    isLabelled: false,
    head: () => null,
    checkModel({ family }) {
      if (family.heads.language_modeling !== undefined) return Promise.resolve();
      const why = `the ${family.id} family has no causal language model`;
      return Promise.reject(invalidInput('NO_LANGUAGE_HEAD', field, why));
    },
    checkExamples: () => Promise.resolve(),
    read,
    prepare: (data, context) => Promise.resolve(atWork(data, context)),
    files: () => ({ taskType: 'CAUSAL_LM', config: null, className: null, card: { head: '', note: '' } }),
  }),
};

async function read(reading: Reading): Promise<ObjectiveData<ClassifiedText>> {
  const tokenizer = await reading.tokenizer();
  const data = await readBoth(reading, false);
  const used = await useBoth(data, (texts) => texts.withNextTokens(tokenizer, reading));
  return { ...together(used), classes: [], headStart: 'new' };
}

function atWork(
  { train, validation }: ObjectiveData<ClassifiedText>,
  { network, pass, batchSize, signal }: ObjectiveContext,
): ObjectiveState {
  return {
    losses(indices, step) {
      const rows = Array.from(indices, (i) => train[i]?.ids ?? new Int32Array(0));
      const batch = makeBatch(rows, network.config.padTokenId);
      return { next_token: { value: network.languageLoss(batch, pass(step)) } };
    },
    async evaluate() {
      const options = { ...pass(), batchSize, signal };
      const { loss, accuracy } = await evaluateLanguageModel(network, validation ?? [], options);
      return { loss, metrics: { accuracy } };
    },
  };
}
