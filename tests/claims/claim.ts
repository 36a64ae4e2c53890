import type { Table } from '@eigenloom/report';
import type { Lab } from './lab.js';

/** How large an experiment is: as it is reported, or so small that only its mechanics can be tried. */
export type Size = 'full' | 'tiny';

/** What an experiment measured. */
export interface Measured {
  readonly held: boolean;
  /** The numbers that decide, in a sentence. */
  readonly measured: string;
  /** Everything else that was measured. */
  readonly tables: readonly Table[];
}

/** The smallest honest experiment that shows the property which a paper claims. */
export interface Claim {
  readonly row: number;
  /** Methods that it runs, by their ids. */
  readonly methods: readonly string[];
  readonly statement: string;
  /** When the claim counts as held: fixed before anything was measured. */
  readonly criterion: string;
  /** Parts of the row that this does not show; empty where it shows all of it. */
  readonly missing: string;
  run(lab: Lab): Promise<Measured>;
}
