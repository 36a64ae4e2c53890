import { invalidInput } from '@eigenloom/errors';
import type { HeadClasses } from '@eigenloom/models';
import type { HeadStart, StoredHead } from '../stored-head.js';

/** The head that is trained. */
export interface ChosenClasses {
  /** Undefined: those of the training data, for a new head. */
  readonly classes: HeadClasses | undefined;
  /** Where the head's values come from. */
  readonly start: HeadStart;
}

/**
 * A stored head is gone on with: its rows keep the order that its own model gives them. Labels that the request gives make a new head,
 * unless they are those of the stored one. `field` is where the request has them. Errors: `LABELS_DIFFER` where they are its classes in another order.
 */
export function chooseClasses(
  given: readonly string[],
  stored: StoredHead | null,
  field: string,
): ChosenClasses {
  const asGiven = given.length === 0 ? undefined : { count: given.length, names: given };
  if (stored === null) return { classes: asGiven, start: 'new' };
  const { from, names, count } = stored;
  if (asGiven === undefined) return { classes: stored, start: from };
  if (given.length !== count) return { classes: asGiven, start: 'new' };
  if (names === undefined || names.join('\n') === given.join('\n')) return { classes: asGiven, start: from };
  if (names.every((name) => given.includes(name))) {
    throw invalidInput(
      'LABELS_DIFFER',
      field,
      `the ${from}'s head has these classes in another order, ${names.map((name) => JSON.stringify(name)).join(', ')}; leave labels out`,
    );
  }
  return { classes: asGiven, start: 'new' };
}

/** What a user may do about labels that a head does not have. */
export const todoOf = ({ start }: ChosenClasses, field: string): string =>
  start === 'new'
    ? `add it to ${field}`
    : `name the classes in ${field} to start a new head, or to name those of the ${start}'s`;

/** The names that the result has: a head without names keeps the numbers of its rows. */
export const namesOf = ({ count, names }: HeadClasses): readonly string[] =>
  names ?? Array.from({ length: count }, (_, row) => `LABEL_${row}`);
