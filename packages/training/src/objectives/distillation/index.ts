import type { Definition, ParametersOf } from '@eigenloom/contracts';
import { tf } from '@eigenloom/engine';
import { incompatible, invalidInput } from '@eigenloom/errors';
import { type Features, pool, scored } from '@eigenloom/models';
import type { ObjectiveChoice } from '../../choice.js';
import { unrecorded } from '../../gradients/tape.js';
import type { NamedLosses, WeightedLoss } from '../../gradients/take-gradients.js';
import type { Forwarded, Objective, ObjectiveContext, ObjectiveState } from '../objective.js';
import { TASKS } from '../tasks.js';
import { featureDistance, softTargets } from './losses.js';
import { checkTeacher, loadTeacher, type Taken, type Teacher } from './teacher.js';

type Choice = ParametersOf<ObjectiveChoice, 'distillation'>;

/** The terms, with everything decided. */
interface Terms extends Taken {
  readonly temperature: number;
  readonly logitWeight: number;
  readonly featureWeight: number;
}

/** A task, and the distance to what a teacher makes of the same batch. Hinton et al. 2015. */
export const distillation: Definition<Choice, Objective> = {
  summary: "A task's loss, with the distance to a teacher's scores or features",
  paper: 'arXiv:1503.02531',
  deviations:
    'The share of the labels and that of the teacher add up to 1. The distance of features is that of self-distillation, arXiv:2210.02871.',
  create(parameters, field) {
    const { task, teacher } = parameters;
    const terms = checked(parameters, field);
    if (teacher === undefined || teacher.uri === '')
      throw invalidInput('MODEL_MISSING', `${field}.teacher.uri`, 'names no model');
    // A distillation is not among the tasks, so none contains another.
    const { method } = TASKS.create(task?.kind as Parameters<typeof TASKS.create>[0], `${field}.task`);
    return {
      ...method,
      models: [{ role: 'teacher', field: `${field}.teacher`, uri: teacher.uri, adapters: teacher.adapters }],
      async checkModels(models, trained) {
        const found = models.get('teacher');
        if (found === undefined) throw new Error('distillation has a teacher');
        await checkTeacher(found, trained, method.head(trained.network), terms);
      },
      async prepare(data, context) {
        const state = await method.prepare(data, context);
        return atWork(state, await loadTeacher(context, data.classes, terms), terms, context);
      },
      // A teacher's scores are as many, and so is what is made of both.
      lossValues: (network, positions) =>
        (method.lossValues?.(network, positions, false) ?? 0) * (terms.scores ? 2 : 1),
      files(network, classes) {
        const files = method.files(network, classes);
        const { head, note } = files.card;
        return { ...files, card: { head, note: [note, said(terms)].join(' ').trim() } };
      },
    };
  },
};

/** Errors: `OUT_OF_RANGE`. */
function checked(parameters: Choice, field: string): Terms {
  const { temperature = 2, logitWeight = 0.5, featureWeight = 0 } = parameters;
  const refuse = (name: string, why: string): never => {
    throw invalidInput('OUT_OF_RANGE', `${field}.${name}`, why);
  };
  if (!(temperature > 0 && temperature <= 1000)) refuse('temperature', 'must be above 0 and at most 1000');
  if (!(logitWeight >= 0 && logitWeight <= 1)) refuse('logit_weight', 'must be in [0, 1]');
  if (!(featureWeight >= 0 && featureWeight <= 1e12))
    refuse('feature_weight', 'must be at least 0 and at most 1e12');
  if (logitWeight === 0 && featureWeight === 0)
    refuse('logit_weight', 'is 0, and so is feature_weight: nothing is taken from the teacher');
  const taken = { field, scores: logitWeight > 0, features: featureWeight > 0 };
  return { ...taken, temperature, logitWeight, featureWeight };
}

/** Without the teacher's URI: results of equal runs are equal, wherever their inputs lie. */
const said = ({ temperature, logitWeight, featureWeight }: Terms): string =>
  `It was distilled from a teacher, whose digests are in \`manifest.json\`: temperature ${temperature}, weight ${logitWeight} of its scores and ${featureWeight} of its features.`;

/** The task's forward pass serves all losses of the student. Evaluations are the task's. */
function atWork(
  task: ObjectiveState,
  teacher: Teacher,
  terms: Terms,
  { network, head }: ObjectiveContext,
): ObjectiveState {
  if (task.forward === undefined)
    throw incompatible('TASK_HAS_NO_SCORES', `${terms.field}.task: is not taken of one forward pass`);
  const pooling = head?.pooling ?? network.family.defaultPooling;
  const pooled = ({ hidden, layout }: Features): tf.Tensor2D => pool(hidden, layout, pooling);
  const forward = (indices: Int32Array, step: number): Forwarded => {
    const own = task.forward?.(indices, step) as Forwarded;
    const theirs = unrecorded(() => taught(teacher, own, terms, pooled));
    const losses: Record<string, WeightedLoss> = shared(own.losses, 1 - terms.logitWeight);
    if (theirs.logits !== undefined) {
      const value = softTargets(own.logits, theirs.logits, own.targets, terms.temperature);
      losses['distillation'] = { value, weight: terms.logitWeight };
    }
    if (theirs.features !== undefined) {
      const value = featureDistance(pooled(own.features), theirs.features);
      losses['feature_distance'] = { value, weight: terms.featureWeight };
    }
    return { ...own, losses };
  };
  return { ...task, losses: (indices, step) => forward(indices, step).losses, forward };
}

const shared = (losses: NamedLosses, share: number): Record<string, WeightedLoss> =>
  Object.fromEntries(
    Object.entries(losses).map(([name, { value, weight = 1 }]) => [name, { value, weight: weight * share }]),
  );

type Taught = Partial<Record<'logits' | 'features', tf.Tensor2D>>;

/** What the teacher makes of a batch, as an evaluation would. */
function taught(
  { network, head, columns }: Teacher,
  { batch }: Forwarded,
  { scores, features }: Terms,
  pooled: (features: Features) => tf.Tensor2D,
): Taught {
  if (!scores) return { features: pooled(network.features(batch, network.pass())) };
  const found = scored(network, head, batch);
  const logits = columns === null ? found.logits : tf.gather(found.logits, tf.tensor1d(columns, 'int32'), 1);
  return { logits, ...(features ? { features: pooled(found.features) } : {}) };
}
