import { type MergekitReference, readReference } from '@eigenloom/contracts';

/** A reference with the place where it stands. */
export interface Located extends MergekitReference {
  readonly at: string;
}

/** Errors: InvalidInput naming the place. */
export const locate = (value: unknown, at: string): Located => ({ ...readReference(value, at), at });
