/** A cell of a table. Integers beyond 2⁵³ are strings, as in proto3's JSON. */
export type Cell = number | string | boolean | null | readonly (number | null)[];

export interface Column {
  /** Key of the rows, and heading. */
  readonly name: string;
  readonly unit?: string;
  readonly description?: string;
}

export interface Table {
  /** Unique in the report: a link may end in it. */
  readonly id: string;
  readonly title: string;
  readonly columns: readonly Column[];
  /** By names of columns; one that is left out is null. */
  readonly rows: readonly Readonly<Record<string, Cell>>[];
}

export interface Series {
  readonly name: string;
  readonly mark: 'line' | 'points' | 'bars';
  /** All numbers or all names, through the whole chart. */
  readonly x: readonly (number | string)[];
  /** As many as x; null leaves a gap. */
  readonly y: readonly (number | null)[];
}

export interface Axis {
  /** With the unit in brackets. */
  readonly label: string;
  /** Default `linear`. */
  readonly scale?: 'linear' | 'log';
}

export interface Chart {
  /** Unique in the report: a link may end in it. */
  readonly id: string;
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
}

/** What was claimed before the measurement, and what came of it. */
export interface Verdict {
  readonly id: string;
  readonly statement: string;
  /** When it counts as held, fixed before. */
  readonly criterion: string;
  readonly measured: string;
  readonly held: boolean;
}

/** What a study, a run, a merge or a claim found. */
export interface Report {
  readonly title: string;
  /** Id of the method. */
  readonly method?: string;
  /** As `arXiv 2106.09685`. */
  readonly paper?: string;
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly tables: readonly Table[];
  readonly charts: readonly Chart[];
  readonly verdicts: readonly Verdict[];
  readonly notes: readonly string[];
}
