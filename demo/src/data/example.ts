/** One labelled text. */
export interface Example {
  /** Unique in its data set. */
  readonly id: string;
  /** What must not cross a split: the speech or the mail thread that the text comes from. */
  readonly group: string;
  readonly label: string;
  readonly text: string;
}

/** A text-classification task before it is split. */
export interface Corpus {
  readonly examples: readonly Example[];
  /** Why examples were left out, with counts, in the order of the steps. */
  readonly removed: Readonly<Record<string, number>>;
}
