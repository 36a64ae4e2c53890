import type { JobOptions } from './options.js';

/** A value for a field of the request, as `--set` has it. */
export interface Assignment {
  readonly path: string;
  readonly text: string;
}

/** What the command line says of a request, beside the recipe. */
export interface Edits {
  /** Methods that are chosen, by their ids. */
  readonly methods: readonly string[];
  readonly assignments: readonly Assignment[];
}

export interface WorkOptions extends JobOptions {
  readonly json?: boolean | string;
  readonly method?: string[];
  readonly set?: string[];
}
