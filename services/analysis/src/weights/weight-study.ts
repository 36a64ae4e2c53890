import type { CallOptions } from '@eigenloom/numeric';
import type { Cell, Chart, Column } from '@eigenloom/report';
import type { Weight } from './weight.js';

export type Row = Readonly<Record<string, Cell>>;

/** What a study says of one matrix or kernel. */
export interface Finding {
  readonly row: Row;
  /** Ascending. */
  readonly singularValues?: Float64Array;
}

/** One matrix (`positions` 1) or kernel in float64, row by row, with its counterpart in the base. */
export interface Values {
  readonly tuned: Float64Array;
  readonly base: Float64Array | undefined;
}

/** A study of weights, one by one. Pure: reads no file, knows no job. */
export interface WeightStudy {
  readonly title: string;
  readonly needsBase: boolean;
  /** The columns of its rows, those that tell most first. */
  readonly columns: readonly Column[];
  /** Why a weight has no place in this study. */
  reasonToSkip(weight: Weight): string | undefined;
  /** Floating-point operations for one matrix or kernel, about. */
  operations(weight: Weight): number;
  /** Peak of bytes in use for one matrix or kernel, its values and its base's included. */
  workingBytes(weight: Weight, withBase: boolean): number;
  analyse(weight: Weight, values: Values, options: CallOptions): Promise<Finding>;
  /** Headline numbers of all rows together. */
  metrics(rows: readonly Row[]): Readonly<Record<string, number | null>>;
  charts(rows: readonly Row[]): readonly Chart[];
}

/** What charts call a row: the matrices of a stack share their longname. */
export const nameOf = ({ longname, slice }: Row): string =>
  typeof slice === 'number' ? `${String(longname)}[${slice}]` : String(longname);
