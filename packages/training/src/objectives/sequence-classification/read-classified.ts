import { incompatible } from '@eigenloom/errors';
import { type Example, labelsOf } from '@eigenloom/datasets';
import { type ClassifiedText, type HeadClasses, rowsOfLabels, type TextTokenizer } from '@eigenloom/models';
import type { ObjectiveData, Reading } from '../objective.js';
import { readBoth, together, useBoth } from '../text-data.js';
import { type ChosenClasses, namesOf, todoOf } from './choose-classes.js';

/**
 * Reads texts and the rows of their classes. A new head without given classes has those of the training data, sorted. `field` is where the
 * request has the classes. Errors: `ONE_CLASS`, `LABEL_UNKNOWN`; `LABEL_MISSING` and `TEXT_EMPTY`, with the line; those of the files.
 */
export async function readClassified(
  reading: Reading,
  tokenizer: TextTokenizer,
  chosen: ChosenClasses,
  field: string,
): Promise<ObjectiveData<ClassifiedText>> {
  const data = await readBoth(reading, true);
  const classes = chosen.classes ?? classesOf(data.train.examples);
  const examples = { train: data.train.examples, validation: data.validation?.examples ?? [] };
  const rowOf = rowsOfAll(classes, examples, todoOf(chosen, field));
  const used = await useBoth(data, (texts) => texts.classified(tokenizer, rowOf, reading));
  return { ...together(used), classes: namesOf(classes), headStart: chosen.start };
}

function classesOf(examples: readonly Example[]): HeadClasses {
  const names = labelsOf(examples);
  if (names.length < 2) {
    throw incompatible(
      'ONE_CLASS',
      `the training data has one class only, ${JSON.stringify(names[0])}; a new head needs two`,
    );
  }
  return { count: names.length, names };
}

/** One meaning of the labels for both data sets: names or numbers. */
function rowsOfAll(
  classes: HeadClasses,
  { train, validation }: { readonly train: readonly Example[]; readonly validation: readonly Example[] },
  todo: string,
): ReadonlyMap<string, number> {
  const rows = rowsOfLabels(classes, train, 'train_data', todo);
  if (validation.every(({ label }) => rows.has(label ?? ''))) return rows;
  rowsOfLabels(classes, validation, 'validation_data', todo);
  // Each fits alone: one by names that are integers, the other by numbers.
  return rowsOfLabels(classes, [...train, ...validation], 'train_data and validation_data', todo);
}
