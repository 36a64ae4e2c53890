import { invalidInput } from '@eigenloom/errors';

/** A data set as a request names it. */
export interface DataRef {
  readonly uri: string;
  readonly textField?: string | undefined;
  readonly labelField?: string | undefined;
  readonly limit?: number | undefined;
}

/** Refuses what no data set can have; `field` is where the request names it: `train_data`. Errors: `FIELD_MISSING`, `OUT_OF_RANGE`. */
export function checkDataRef({ textField, labelField, limit }: DataRef, field: string): void {
  for (const [name, value] of [
    ['text_field', textField],
    ['label_field', labelField],
  ] as const) {
    if (value === '')
      throw invalidInput('FIELD_MISSING', `${field}.${name}`, 'is empty; leave it out for its default');
  }
  if (limit === 0)
    throw invalidInput('OUT_OF_RANGE', `${field}.limit`, '0 is below 1; leave it out to use all');
}
