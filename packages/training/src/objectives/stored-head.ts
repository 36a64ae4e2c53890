import type { HeadClasses } from '@eigenloom/models';

/** A head that lies in the adapter or in the model, with its classes. */
export interface StoredHead extends HeadClasses {
  readonly from: 'adapter' | 'model';
}

/** Where the values of a head come from. */
export type HeadStart = StoredHead['from'] | 'new';
