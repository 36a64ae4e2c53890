import { incompatible } from '@eigenloom/errors';
import { labelsOf } from '@eigenloom/datasets';
import { type HeadClasses, type Labelled, rowsOfLabels } from '@eigenloom/models';
import type { ObjectiveData, Reading } from '../objective.js';
import { readBoth, together, useBoth } from '../both-sets.js';
import { type ChosenClasses, namesOf, todoOf } from './choose-classes.js';

/**
 * Reads examples and the rows of their classes. A new head without given classes has those of the training data, sorted. `field` is where the
 * request has the classes. Errors: `ONE_CLASS`, `LABEL_UNKNOWN`; those of the reader, naming the example.
 */
export async function readClassified(
  reading: Reading,
  chosen: ChosenClasses,
  field: string,
): Promise<ObjectiveData> {
  const data = await readBoth(reading, true);
  const classes = chosen.classes ?? classesOf(data.train.labelled);
  const examples = { train: data.train.labelled, validation: data.validation?.labelled ?? [] };
  const rowOf = rowsOfAll(classes, examples, todoOf(chosen, field));
  const used = await useBoth(data, (set) => set.classified(rowOf));
  return { ...together(reading, used), classes: namesOf(classes), headStart: chosen.start };
}

function classesOf(examples: readonly Labelled[]): HeadClasses {
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
  { train, validation }: { readonly train: readonly Labelled[]; readonly validation: readonly Labelled[] },
  todo: string,
): ReadonlyMap<string, number> {
  const rows = rowsOfLabels(classes, train, 'train_data', todo);
  if (validation.every(({ label }) => rows.has(label ?? ''))) return rows;
  rowsOfLabels(classes, validation, 'validation_data', todo);
  // Each fits alone: one by names that are integers, the other by numbers.
  return rowsOfLabels(classes, [...train, ...validation], 'train_data and validation_data', todo);
}
