import type { analysis } from '@eigenloom/contracts';
import type { CallOptions } from '@eigenloom/numeric';
import type { Weight } from '../weights/weight.js';

type Chosen = NonNullable<analysis.AnalyzeRequest['method']>;
/** Names of the request's oneof, which are the ids of the methods. */
export type MethodCase = Chosen['$case'];
export type ParametersOf<K extends MethodCase> = Extract<Chosen, { $case: K }>['value'];

/** A value of a result file. */
export type Cell = number | string | null | readonly number[];
export type Row = Readonly<Record<string, Cell>>;

/** What an analysis says of one matrix or kernel. */
export interface Finding {
  readonly row: Row;
  /** Ascending. */
  readonly singularValues?: Float64Array;
  readonly intruders?: number;
}

/** One matrix (`positions` 1) or kernel in float64, row by row, with its counterpart in the base. */
export interface Values {
  readonly tuned: Float64Array;
  readonly base: Float64Array | undefined;
}

/** One analysis. Pure: reads no file, knows no job. */
export interface AnalysisMethod<K extends MethodCase> {
  readonly id: K;
  readonly summary: string;
  readonly paper: string;
  /** Name of the result file. */
  readonly resultFile: string;
  readonly needsBase: boolean;
  /** Throws InvalidInput naming the field. */
  check(parameters: ParametersOf<K>): void;
  /** Why a weight has no place in this analysis. */
  reasonToSkip(weight: Weight): string | undefined;
  /** Floating-point operations for one matrix or kernel, about. */
  operations(weight: Weight): number;
  /** Peak of bytes in use for one matrix or kernel, its values and its base's included. */
  workingBytes(weight: Weight, withBase: boolean): number;
  analyse(
    weight: Weight,
    values: Values,
    parameters: ParametersOf<K>,
    options: CallOptions,
  ): Promise<Finding>;
  /** What all rows say together. */
  summarise?(rows: readonly Row[]): Row;
}
