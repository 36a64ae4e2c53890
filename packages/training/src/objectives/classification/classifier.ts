import { opening } from '@eigenloom/checkpoint';
import { train } from '@eigenloom/contracts';
import { labelsOf } from '@eigenloom/datasets';
import { invalidInput } from '@eigenloom/errors';
import {
  type Batch,
  classifierHead,
  evaluateClassifier,
  meanCrossEntropy,
  type Pooling,
  requireHeadFits,
  rowsOfLabels,
  scored,
} from '@eigenloom/models';
import type { Forwarded, Objective, ObjectiveContext, ObjectiveData, ObjectiveState } from '../objective.js';
import { requireInput } from '../require-input.js';
import { chooseClasses, namesOf, todoOf } from './choose-classes.js';
import { headCard, labelConfig } from './head-files.js';
import { readClassified } from './read-classified.js';

const POOLINGS: Readonly<Partial<Record<train.Pooling, Pooling | null>>> = {
  [train.Pooling.UNSPECIFIED]: null,
  [train.Pooling.MEAN]: 'mean',
  [train.Pooling.FIRST]: 'first',
  [train.Pooling.LAST]: 'last',
};

/** What a classification of any kind of example asks for. */
export interface ClassifierChoice {
  readonly labels: readonly string[];
  readonly pooling: train.Pooling;
}

/** What the kind of example decides. */
export interface ClassifierKind {
  /** What the model must read. */
  readonly input: Batch['kind'];
  /** PEFT's task type of an adapter with the native head, and with another one; empty: none. */
  readonly taskTypes: readonly [native: string, other: string];
}

/** Cross-entropy of a linear head on the pooled hidden states. Errors: `LABELS_INVALID`, `UNKNOWN_VALUE`. */
export function classifier(choice: ClassifierChoice, field: string, kind: ClassifierKind): Objective {
  const { labels } = choice;
  const pooling = checked(choice, field);
  const where = `${field}.labels`;
  const head: Objective['head'] = ({ family }) => classifierHead(family, pooling ?? family.defaultPooling);
  return {
    isLabelled: true,
    metrics: { accuracy: 'share of right predictions' },
    head,
    async checkModel(network, tensors) {
      requireInput(network, kind.input, field);
      await opening({ field: `${field}.pooling` }, () => {
        const own = head(network);
        if (own !== null) requireHeadFits(network, own, tensors);
      });
    },
    classes(examples, stored) {
      const { classes } = chooseClasses(labels, stored, where);
      return classes === undefined
        ? { names: labelsOf(examples), areAll: false }
        : { names: namesOf(classes), areAll: true };
    },
    async checkExamples(examples, stored, owner) {
      const chosen = chooseClasses(labels, stored, where);
      const { classes } = chosen;
      if (classes === undefined) return;
      await opening({ field: where }, () => rowsOfLabels(classes, examples, owner, todoOf(chosen, where)));
    },
    async read(reading) {
      return readClassified(reading, chooseClasses(labels, await reading.storedHead(), where), where);
    },
    prepare: (data, context) => Promise.resolve(atWork(data, context)),
    files(network, classes) {
      const own = head(network);
      const isNative = own?.native === true;
      return {
        taskType: kind.taskTypes[isNative ? 0 : 1],
        config: labelConfig(classes),
        className: isNative ? (network.family.heads.classification?.className ?? null) : null,
        card: own === null ? { head: '', note: '' } : headCard(network, own),
      };
    },
  };
}

/** Null: what the family does. */
function checked({ labels, pooling }: ClassifierChoice, field: string): Pooling | null {
  const where = `${field}.labels`;
  if (new Set(labels).size !== labels.length)
    throw invalidInput('LABELS_INVALID', where, 'has a class twice');
  if (labels.includes('')) throw invalidInput('LABELS_INVALID', where, 'has an empty name');
  if (labels.length === 1) throw invalidInput('LABELS_INVALID', where, 'needs two classes or more');
  const chosen = POOLINGS[pooling];
  if (chosen === undefined) throw invalidInput('UNKNOWN_VALUE', `${field}.pooling`, 'is not a pooling');
  return chosen;
}

function atWork(
  { train: examples, validation }: ObjectiveData,
  { network, head, pass, batchSize, signal }: ObjectiveContext,
): ObjectiveState {
  if (head === null) throw new Error('a classifier has a head');
  const forward = (indices: Int32Array, step: number): Forwarded => {
    const batch = examples.batch(indices);
    const targets = Int32Array.from(indices, (i) => examples.labels[i] ?? -1);
    const found = scored(network, head, batch, pass(step));
    const losses = { cross_entropy: { value: meanCrossEntropy(found.logits, targets) } };
    return { ...found, batch, targets, losses };
  };
  return {
    load: async (indices) => examples.load?.(indices, signal),
    losses: (indices, step) => forward(indices, step).losses,
    forward,
    async evaluate() {
      if (validation === null) throw new Error('an evaluation has validation data');
      const options = { ...pass(), batchSize, signal };
      const { loss, accuracy } = await evaluateClassifier(network, head, validation, options);
      return { loss, metrics: { accuracy } };
    },
  };
}
