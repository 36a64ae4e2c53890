import { opening } from '@eigenloom/checkpoint';
import { type Definition, type ParametersOf, train } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';
import {
  type ClassifiedText,
  classifierHead,
  classifierLogits,
  evaluateClassifier,
  meanCrossEntropy,
  type Pooling,
  requireHeadFits,
  rowsOfLabels,
} from '@eigenloom/models';
import type { ObjectiveChoice } from '../../choice.js';
import type { Objective, ObjectiveContext, ObjectiveData, ObjectiveState } from '../objective.js';
import { classifiedBatch } from './classified-batch.js';
import { chooseClasses, todoOf } from './choose-classes.js';
import { headCard, labelConfig } from './head-files.js';
import { readClassified } from './read-classified.js';

type Choice = ParametersOf<ObjectiveChoice, 'sequenceClassification'>;

const POOLINGS: Readonly<Partial<Record<train.Pooling, Pooling | null>>> = {
  [train.Pooling.UNSPECIFIED]: null,
  [train.Pooling.MEAN]: 'mean',
  [train.Pooling.FIRST]: 'first',
  [train.Pooling.LAST]: 'last',
};

/** Cross-entropy of a linear head on the pooled hidden states. */
export const sequenceClassification: Definition<Choice, Objective<ClassifiedText>> = {
  summary: 'Cross-entropy of a linear head on the pooled hidden states',
  paper: 'arXiv:1810.04805',
  deviations:
    'Hidden states are pooled as the family does, or as asked for; the paper reads the first token.',
  create: (parameters, field) => {
    const pooling = checked(parameters, field);
    return objective(parameters.labels, pooling, field);
  },
};

/** Null: what the family does. Errors: `LABELS_INVALID`, `UNKNOWN_VALUE`. */
function checked({ labels, pooling }: Choice, field: string): Pooling | null {
  const where = `${field}.labels`;
  if (new Set(labels).size !== labels.length)
    throw invalidInput('LABELS_INVALID', where, 'has a class twice');
  if (labels.includes('')) throw invalidInput('LABELS_INVALID', where, 'has an empty name');
  if (labels.length === 1) throw invalidInput('LABELS_INVALID', where, 'needs two classes or more');
  const chosen = POOLINGS[pooling];
  if (chosen === undefined) throw invalidInput('UNKNOWN_VALUE', `${field}.pooling`, 'is not a pooling');
  return chosen;
}

function objective(
  labels: readonly string[],
  pooling: Pooling | null,
  field: string,
): Objective<ClassifiedText> {
  const where = `${field}.labels`;
  const head: Objective['head'] = ({ family }) => classifierHead(family, pooling ?? family.defaultPooling);
  return {
    isLabelled: true,
    head,
    async checkModel(network, tensors) {
      await opening({ field: `${field}.pooling` }, () => {
        const own = head(network);
        if (own !== null) requireHeadFits(network, own, tensors);
      });
    },
    async checkExamples(examples, stored, owner) {
      const chosen = chooseClasses(labels, stored, where);
      const { classes } = chosen;
      if (classes === undefined) return;
      await opening({ field: where }, () => rowsOfLabels(classes, examples, owner, todoOf(chosen, where)));
    },
    async read(reading) {
      const tokenizer = await reading.tokenizer();
      const chosen = chooseClasses(labels, await reading.storedHead(), where);
      return readClassified(reading, tokenizer, chosen, where);
    },
    prepare: (data, context) => Promise.resolve(atWork(data, context)),
    files(network, classes) {
      const own = head(network);
      return {
        taskType: own?.native === true ? 'SEQ_CLS' : 'FEATURE_EXTRACTION',
        config: labelConfig(classes),
        className: own?.native === true ? (network.family.heads.classification?.className ?? null) : null,
        card: own === null ? { head: '', note: '' } : headCard(network, own),
      };
    },
  };
}

function atWork(
  { train: texts, validation }: ObjectiveData<ClassifiedText>,
  { network, head, pass, batchSize, signal }: ObjectiveContext,
): ObjectiveState {
  if (head === null) throw new Error('a classifier has a head');
  return {
    losses(indices, step) {
      const { batch, labels } = classifiedBatch(texts, indices, network.config.padTokenId);
      const logits = classifierLogits(network, head, batch, pass(step));
      return { cross_entropy: { value: meanCrossEntropy(logits, labels) } };
    },
    async evaluate() {
      const options = { ...pass(), batchSize, signal };
      const { loss, accuracy } = await evaluateClassifier(network, head, validation ?? [], options);
      return { loss, metrics: { accuracy } };
    },
  };
}
