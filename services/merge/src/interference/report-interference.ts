import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { findTensor, openModel, sortedJson } from '@eigenloom/checkpoint';
import type { merge } from '@eigenloom/contracts';
import type { Interference } from '@eigenloom/numeric';
import type { Report, Table } from '@eigenloom/report';
import type { JobContext, Lineage } from '@eigenloom/runtime';

import type { MergePlan } from '../plan/planned.js';
import { comparedTensors, sourceOf } from './compared-tensors.js';
import {
  type Inflation,
  type Measures,
  type Spectra,
  inflationOf,
  meanOfPairs,
  measuresOf,
  together,
} from './measures.js';
import { singularValuesOf } from './singular-values.js';
import { taskVectorsOf } from './task-vectors.js';

export const INTERFERENCE_FILE = 'interference.json';
export const DEFAULT_DENSITY = 0.2;

/** What is said of one tensor; inflation of matrices alone. */
type MeasuredTensor = { readonly name: string; readonly shape: readonly number[] } & Measures &
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
      columns: [
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
      ],
      rows: found.rows.map((row) => ({
        tensor: row.name,
        elements: row.elements,
        changed_share: row.changed_share,
        conflict_share: row.conflict_share,
        support_conflict_share: row.support_conflict_share,
        support_overlap: meanOfPairs(row.support_overlap),
        mean_cosine: meanOfPairs(row.cosines),
        top_inflation: row.top_inflation ?? null,
        nuclear_inflation: row.nuclear_inflation ?? null,
      })),
    },
  ],
});

/**
 * Measures how the task vectors of a merge get in each other's way and writes it beside the merged model: elements whose signs conflict,
 * of all and of the largest ones (Yadav et al. 2023, arXiv:2306.01708); overlap of these supports; cosines of the task vectors (Ilharco et
 * al. 2022, arXiv:2212.04089); and how far the merged task vector's singular values exceed the single ones, for shared directions add up
 * (Li et al. 2026, arXiv:2602.05536, who calibrate what is here only measured). `merged` is the folder of the result.
 */
export async function reportInterference(
  merged: string,
  plan: MergePlan,
  { density = DEFAULT_DENSITY }: merge.InterferenceOptions,
  lineage: Lineage,
  context: JobContext,
  onProgress: (fraction: number) => void,
): Promise<InterferenceReport> {
  const { signal } = context;
  const tensors = comparedTensors(plan);
  const vectors = await taskVectorsOf(tensors, density, lineage, context, (fraction) => {
    onProgress(0.7 * fraction);
  });
  const result = await openModel(merged, { signal });
  const models = plan.models.length;
  const found: Interference[] = [];
  const spectra: Spectra[] = [];
  const lines: MeasuredTensor[] = [];
  for (const [done, { name, shape, isMatrix, base }] of tensors.entries()) {
    const interference = vectors.interference.get(name);
    if (interference === undefined) continue;
    found.push(interference);
    const own: Spectra[] = [];
    if (isMatrix && findTensor(name, result.tensors) !== undefined) {
      const values = await singularValuesOf(name, shape, result.source(name), sourceOf(base), signal);
      own.push({ models: await vectors.singularValues(name), merged: values });
      spectra.push(...own);
    }
    lines.push({
      name,
      shape,
      ...measuresOf(interference, models),
      ...(own.length > 0 ? inflationOf(own) : {}),
    });
    onProgress(0.7 + (0.3 * (done + 1)) / tensors.length);
  }
  const total = measuresOf(together(found), models);
  const inflation = inflationOf(spectra);
  const report = { density, models, total: { ...total, ...inflation }, tensors: lines };
  await writeFile(join(merged, INTERFERENCE_FILE), sortedJson(report), { flag: 'wx' });
  return {
    rows: lines,
    tensors: found.length,
    matrices: spectra.length,
    conflictShare: total.conflict_share ?? 0,
    supportConflictShare: total.support_conflict_share ?? 0,
    supportOverlap: meanOfPairs(total.support_overlap),
    meanCosine: meanOfPairs(total.cosines),
    topInflation: inflation.top_inflation ?? 0,
    nuclearInflation: inflation.nuclear_inflation ?? 0,
  };
}
