import { invalidInput } from '@eigenloom/errors';

/** How long the texts that a request has read may become. */
export interface TextLength {
  /** Where the request says so: `max_length`. */
  readonly field: string;
  readonly maxLength: number;
  /** The request does not say so. */
  readonly isDefault: boolean;
}

/** Errors: `OUT_OF_RANGE` where texts could be longer than a model reads. */
export function checkTextFits({ field, maxLength, isDefault }: TextLength, maxPositions: number): void {
  if (maxLength <= maxPositions) return;
  const given = isDefault ? `was not set, and the default, ${maxLength} tokens,` : `${maxLength}`;
  throw invalidInput(
    'OUT_OF_RANGE',
    field,
    `${given} is above the model's ${maxPositions} positions; set it to at most ${maxPositions}`,
  );
}
