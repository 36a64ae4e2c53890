import type { merge } from '@eigenloom/contracts';
import { invalidInput, notFound } from '@eigenloom/errors';

import type { MergePlan, PlannedInput } from '../../plan/planned.js';
import type { DataField } from '../../plan/preparation.js';

const TOKENIZER = 'tokenizer.json';

/** Role of the examples of a model in the lineage. */
export const textsRole = (position: number): string => `data/${position}`;

/** The examples of every model, which `method` cannot do without. Errors: `FIELD_MISSING`. */
export function ownTexts({ models }: merge.MergeRequest, method: string): DataField[] {
  return models.map(({ data }, position) => {
    const field = `models[${position}].data`;
    if (data === undefined || data.uri === '') {
      throw invalidInput('FIELD_MISSING', field, `${method} needs examples of the model's own task`);
    }
    return { field, role: textsRole(position), uri: data.uri, examples: data };
  });
}

/** Folder of a model's own tokenizer, else of the one that the result will have. Errors: `TOKENIZER_MISSING`. */
export function tokenizerFolderOf({ model, label }: PlannedInput, { donor }: MergePlan): string {
  const holder = [model, donor].find(({ carriedFiles }) => carriedFiles.includes(TOKENIZER));
  if (holder === undefined) throw notFound('TOKENIZER_MISSING', `${label}: the model has no ${TOKENIZER}`);
  return holder.directory;
}
