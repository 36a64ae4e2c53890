import type { Report, Table } from '@eigenloom/report';

import { type Inflation, type Measures, meanOfPairs } from './measures.js';

/** What is said of one tensor; inflation of matrices alone. */
export type MeasuredTensor = { readonly name: string; readonly shape: readonly number[] } & Measures &
  Partial<Inflation>;

/** How task vectors get in each other's way; over all tensors together. Shares are of elements. */
export interface InterferenceReport {
  readonly tensors: number;
  /** Tensors whose singular values were compared. */
  readonly matrices: number;
  /** Of what any model changed: where one raised and another lowered the value. */
  readonly conflictShare: number;
  /** The same of the supports: the largest elements of each task vector. */
  readonly supportConflictShare: number;
  /** Mean over the pairs of models: elements in both supports over those in the smaller one. */
  readonly supportOverlap: number;
  /** Mean over the pairs of models: cosine of the task vectors. */
  readonly meanCosine: number;
  /** Σ over the matrices of the merged task vector's largest singular value, over the same of a model, mean over the models. */
  readonly topInflation: number;
  /** The same of the sums of all singular values. */
  readonly nuclearInflation: number;
  /** By tensor. */
  readonly rows: readonly MeasuredTensor[];
}

const COLUMNS = [
  { name: 'tensor' },
  { name: 'elements' },
  { name: 'changed_share', description: 'share of the elements that any model changed' },
  {
    name: 'conflict_share',
    description: 'of those, where one model raised and another lowered the value',
  },
  {
    name: 'support_conflict_share',
    description: 'the same of the largest elements of each task vector',
  },
  { name: 'support_overlap', description: 'mean over the pairs of models' },
  { name: 'mean_cosine', description: 'of the task vectors, mean over the pairs of models' },
  {
    name: 'top_inflation',
    description: 'largest singular value of the merged task vector over that of a model',
  },
  { name: 'nuclear_inflation', description: 'the same of the sum of the singular values' },
];

const rowOf = (row: MeasuredTensor): Table['rows'][number] => ({
  tensor: row.name,
  elements: row.elements,
  changed_share: row.changed_share,
  conflict_share: row.conflict_share,
  support_conflict_share: row.support_conflict_share,
  support_overlap: meanOfPairs(row.support_overlap),
  mean_cosine: meanOfPairs(row.cosines),
  top_inflation: row.top_inflation ?? null,
  nuclear_inflation: row.nuclear_inflation ?? null,
});

/** What the report of a merge says of it. */
export const interferenceFound = (
  found: InterferenceReport,
): { readonly metrics: Report['metrics']; readonly tables: readonly Table[] } => ({
  metrics: {
    ...{ compared_tensors: found.tensors, compared_matrices: found.matrices },
    ...{ conflict_share: found.conflictShare, support_conflict_share: found.supportConflictShare },
    ...{ support_overlap: found.supportOverlap, mean_cosine: found.meanCosine },
    ...{ top_inflation: found.topInflation, nuclear_inflation: found.nuclearInflation },
  },
  tables: [
    {
      id: 'interference',
      title: 'Interference of the task vectors, tensor by tensor',
      columns: COLUMNS,
      rows: found.rows.map(rowOf),
    },
  ],
});
