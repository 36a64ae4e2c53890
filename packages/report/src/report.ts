/** A value of a table. */
export type Cell = number | string | boolean | null | readonly number[];

export interface Column {
  readonly name: string;
  readonly unit?: string;
  readonly description?: string;
}

export interface Table {
  readonly id: string;
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Readonly<Record<string, Cell>>[];
}

export interface Series {
  readonly name: string;
  readonly mark: 'line' | 'points' | 'bars';
  readonly x: readonly (number | string)[];
  readonly y: readonly (number | null)[];
}

export interface Axis {
  readonly label: string;
  readonly scale?: 'linear' | 'log';
}

export interface Chart {
  readonly id: string;
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
}

/** Whether a claim holds. */
export interface Verdict {
  readonly id: string;
  readonly statement: string;
  readonly criterion: string;
  readonly measured: string;
  readonly held: boolean;
}

/** What a study, a run or a claim found. */
export interface Report {
  readonly title: string;
  /** Id of the method. */
  readonly method?: string;
  readonly paper?: string;
  /** Headline numbers; null where there is none. */
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly tables: readonly Table[];
  readonly charts: readonly Chart[];
  readonly verdicts: readonly Verdict[];
  readonly notes: readonly string[];
}
