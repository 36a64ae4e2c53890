import { opening } from '@eigenloom/checkpoint';
import { invalidInput } from '@eigenloom/errors';
import {
  classNamesOf,
  type ClassifierHead,
  findClassifierHead,
  headRowsOf,
  loadClassifierHead,
  loadNetwork,
  type Network,
  requireHeadFits,
} from '@eigenloom/models';
import type { ObjectiveContext, OpenedModel, TrainedModel } from '../objective.js';

/** What a student takes from a teacher, and where the request names both. */
export interface Taken {
  /** `distillation` */
  readonly field: string;
  /** Of classes with a head of the student's, else of the next token. */
  readonly scores: boolean;
  readonly features: boolean;
}

/** A teacher with its weights, none of which is trained. */
export interface Teacher {
  readonly network: Network;
  /** Null for a language model, or where its scores are not wanted. */
  readonly head: ClassifierHead | null;
  /** Its column for each of the student's classes; null for a language model. */
  readonly columns: Int32Array | null;
}

/**
 * Refuses a teacher that a student cannot be held against. `head` is the student's. Errors: `INPUT_KIND`, `VOCABULARY_DIFFERS`, `OUT_OF_RANGE`,
 * `CLASSES_DIFFER`, `NO_CLASSIFIER`, `NO_LANGUAGE_HEAD`, `FEATURES_DIFFER`, each with its field.
 */
export async function checkTeacher(
  teacher: OpenedModel,
  trained: TrainedModel,
  head: ClassifierHead | null,
  taken: Taken,
): Promise<void> {
  const where = `${taken.field}.teacher.uri`;
  const { family } = teacher.network;
  if (family.input !== trained.network.family.input)
    throw invalidInput(
      'INPUT_KIND',
      where,
      `reads ${family.input}, the model ${trained.network.family.input}`,
    );
  if (family.input === 'tokens') await checkTokens(teacher, trained, where);
  if (taken.scores && head === null) checkLanguageHead(teacher, trained, where);
  if (taken.scores && head !== null) await checkClasses(teacher, trained, where);
  const [own, theirs] = [trained, teacher].map(({ network }) => network.config.hiddenSize);
  if (taken.features && own !== theirs) {
    const why = `the teacher's features have ${theirs} numbers, the model's ${own}; leave it out and use scores alone`;
    throw invalidInput('FEATURES_DIFFER', `${taken.field}.feature_weight`, why);
  }
}

/** The teacher is given the student's token ids, so an id must be the same token for both. */
async function checkTokens(teacher: OpenedModel, trained: TrainedModel, where: string): Promise<void> {
  const { maxPositions, vocabularySize } = teacher.network.config;
  if (trained.maxLength > maxPositions) {
    const why = `texts have up to ${trained.maxLength} tokens, and the teacher ${maxPositions} positions`;
    throw invalidInput('OUT_OF_RANGE', 'batching.max_length', why);
  }
  const [own, theirs] = [await trained.tokenizer(), await teacher.tokenizer()];
  for (let id = 0; id < trained.network.config.vocabularySize; id += 1) {
    const token = own.tokenOf(id);
    const other = id < vocabularySize ? theirs.tokenOf(id) : undefined;
    if (token === undefined || token === other) continue;
    const found = other === undefined ? 'no token' : JSON.stringify(other);
    const why = `has another vocabulary: token ${id} is ${JSON.stringify(token)} for the model and ${found} for the teacher`;
    throw invalidInput('VOCABULARY_DIFFERS', where, why);
  }
}

function checkLanguageHead({ network }: OpenedModel, trained: TrainedModel, where: string): void {
  const { family, config } = network;
  if (family.heads.language_modeling === undefined)
    throw invalidInput('NO_LANGUAGE_HEAD', where, `the ${family.id} family has no causal language model`);
  const own = trained.network.config.vocabularySize;
  if (config.vocabularySize === own) return;
  const why = `scores ${config.vocabularySize} tokens, the model ${own}`;
  throw invalidInput('VOCABULARY_DIFFERS', where, why);
}

async function checkClasses(
  { model, network }: OpenedModel,
  trained: TrainedModel,
  where: string,
): Promise<void> {
  const { names, areAll } = trained.classes;
  const head = findClassifierHead(network.family, model.tensors);
  await opening({ field: where }, () => {
    if (head !== undefined) requireHeadFits(network, head, model.tensors);
    return columnsOf(model, names, areAll, where);
  });
}

/** The teacher's row for each class. One without names has the numbers of its rows. Errors: `NO_CLASSIFIER`, `CLASSES_DIFFER`. */
function columnsOf(
  model: OpenedModel['model'],
  classes: readonly string[],
  areAll: boolean,
  where: string,
): Int32Array {
  const count = headRowsOf(model);
  const names = classNamesOf(model.config, "the teacher's config.json");
  const rowOf = (name: string): number =>
    names === undefined || names.length !== count
      ? Array.from({ length: count }, (_, row) => row).findIndex((row) =>
          [`LABEL_${row}`, `${row}`].includes(name),
        )
      : names.indexOf(name);
  const columns = Int32Array.from(classes, rowOf);
  const missing = columns.indexOf(-1);
  const known = names === undefined ? `${count} classes without names` : `the classes ${names.join(', ')}`;
  if (missing >= 0)
    throw invalidInput('CLASSES_DIFFER', where, `has ${known}, and not ${JSON.stringify(classes[missing])}`);
  if (areAll && count !== classes.length)
    throw invalidInput('CLASSES_DIFFER', where, `has ${known}, the model ${classes.length}`);
  return columns;
}

/** Reads the weights of a teacher that has been checked. `classes` are the student's, in the order of its head's rows. */
export async function loadTeacher(
  context: ObjectiveContext,
  classes: readonly string[],
  { field, scores }: Taken,
): Promise<Teacher> {
  const { head, signal } = context;
  const model = await context.open('teacher');
  const network = await loadNetwork(model, { signal });
  if (!scores || head === null) return { network, head: null, columns: null };
  const own = await loadClassifierHead(network, model);
  return { network, head: own.head, columns: columnsOf(model, classes, true, `${field}.teacher.uri`) };
}
