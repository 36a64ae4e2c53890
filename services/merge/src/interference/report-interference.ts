import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { openModel } from '@eigenloom/adapters';
import { findTensor, sortedJson } from '@eigenloom/checkpoint';
import type { merge } from '@eigenloom/contracts';
import type { Interference } from '@eigenloom/numeric';
import type { JobContext, Lineage } from '@eigenloom/runtime';

import { type MergePlan, sourceOf } from '../plan/planned.js';
import { comparedTensors } from './compared-tensors.js';
import { type Spectra, inflationOf, meanOfPairs, measuresOf, together } from './measures.js';
import type { InterferenceReport, MeasuredTensor } from './interference-report.js';
import { singularValuesOf } from './singular-values.js';
import { taskVectorsOf } from './task-vectors.js';

export const INTERFERENCE_FILE = 'interference.json';
export const DEFAULT_DENSITY = 0.2;

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
