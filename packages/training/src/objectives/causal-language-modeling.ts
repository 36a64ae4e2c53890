import { basename } from 'node:path';

import type { Definition, ParametersOf } from '@eigenloom/contracts';
import { incompatible, invalidInput } from '@eigenloom/errors';
import {
  type ClassifiedText,
  evaluateLanguageModel,
  makeBatch,
  type TokenizedTexts,
} from '@eigenloom/models';
import type { ObjectiveChoice } from '../choice.js';
import type { Objective, ObjectiveContext, ObjectiveData, ObjectiveState, Reading } from './objective.js';
import { readBoth, type ReadExamples, together, useBoth, type UsedTexts } from './text-data.js';

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
  const used = await useBoth(data, tokenizer, reading, false, textsWithNextToken);
  return { ...together(used), classes: [], headStart: 'new' };
}

// A text of one token has no next token to learn from.
function textsWithNextToken({ field, path }: ReadExamples, { rows, cut }: TokenizedTexts): UsedTexts {
  const texts = rows.filter((ids) => ids.length > 1).map((ids) => ({ ids, label: -1 }));
  if (texts.length === 0) {
    throw incompatible(
      'NO_NEXT_TOKENS',
      `${field} (${basename(path)}): no text has two tokens or more, so none has a next token to predict`,
    );
  }
  return { texts, counts: { texts: rows.length, cut, unused: rows.length - texts.length } };
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
