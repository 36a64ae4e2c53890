import { basename, join } from 'node:path';
import type { Model } from '@eigenloom/checkpoint';
import { incompatible } from '@eigenloom/errors';
import {
  type ClassifiedText,
  classNamesOf,
  type HeadClasses,
  rowsOfLabels,
  TextSet,
  type TextTokenizer,
} from '@eigenloom/models';

import type { SearchData } from './search-input.js';

export interface TextOptions {
  readonly tokenizer: TextTokenizer;
  readonly maxLength: number;
  readonly classes: HeadClasses;
  /** Refuse examples without a label; without it such examples have class −1. */
  readonly requireLabels: boolean;
  readonly signal: AbortSignal;
}

/** The examples of a data set as token ids with the rows of their classes. Errors: `LABEL_UNKNOWN`, `TEXT_EMPTY`, naming the line; those of the file. */
export async function classifiedTexts(
  { path, textField, labelField, limit, field }: SearchData,
  { tokenizer, maxLength, classes, requireLabels, signal }: TextOptions,
): Promise<ClassifiedText[]> {
  const source = { path, textField, labelField, limit, name: field, place: { field } };
  const set = await TextSet.read(source, { requireLabels, signal });
  const rowOf = rowsOfLabels(classes, set.examples, field);
  return [...(await set.classified(tokenizer, rowOf, { maxLength, signal })).texts];
}

/**
 * The classes of a head of `count` rows that models share, as their configs name them; they must agree where they are given.
 * Errors: `LABELS_DIFFER`, `LABELS_CONTRADICT`, `LABELS_INVALID`, each naming the folder.
 */
export function classesOfModels(
  models: readonly Pick<Model, 'config' | 'directory'>[],
  count: number,
): HeadClasses {
  let first: { readonly names: readonly string[]; readonly where: string } | undefined;
  for (const { config, directory } of models) {
    const where = join(basename(directory), 'config.json');
    const names = classNamesOf(config, where);
    // The names of another head than the one that is used say nothing.
    if (names?.length !== count) continue;
    first ??= { names, where };
    if (names.some((name, row) => name !== first?.names[row])) {
      throw incompatible(
        'LABELS_DIFFER',
        `the models name their classes differently: ${listed(first.names)} in ${first.where}, ${listed(names)} in ${where}`,
      );
    }
  }
  return { count, names: first?.names };
}

const listed = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(', ');
