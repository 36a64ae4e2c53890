import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import {
  type Interference,
  MergeJob,
  SafetensorsFile,
  SafetensorsWriter,
  sha256File,
} from '@eigenloom/numeric';
import type { JobContext, Lineage } from '@eigenloom/runtime';

import { type PlannedInput, type PlannedSource, sourceOf } from '../plan/planned.js';
import type { ComparedTensor } from './compared-tensors.js';
import { singularValuesOf } from './singular-values.js';

/** Changes with every change of the numbers. */
const VERSION = 1;
const COUNTS = 'interference.json';
const VALUES = 'singular-values.safetensors';

/** What is known of the task vectors of some models, whatever they are merged by. */
export interface TaskVectors {
  readonly interference: ReadonlyMap<string, Interference>;
  /** Of each model, by the name of a matrix. */
  singularValues(name: string): Promise<Float32Array[]>;
}

/**
 * Compares task vectors, or finds what an earlier merge found: it is kept by the content of the models, so merging the same models by
 * another method costs nothing here.
 */
export async function taskVectorsOf(
  tensors: readonly ComparedTensor[],
  density: number,
  lineage: Lineage,
  context: JobContext,
  onProgress: (fraction: number) => void,
): Promise<TaskVectors> {
  const { signal } = context;
  const folder = await context.cached(await keyOf(tensors, density, lineage, signal), async (staging) => {
    const found = await compareAll(tensors, density, signal, (fraction) => {
      onProgress(0.3 * fraction);
    });
    await writeFile(join(staging, COUNTS), JSON.stringify(Object.fromEntries(found)), { flag: 'wx' });
    await writeSingularValues(join(staging, VALUES), tensors, signal, (fraction) => {
      onProgress(0.3 + 0.7 * fraction);
    });
  });
  const counts = JSON.parse(await readFile(join(folder, COUNTS), 'utf8')) as Record<string, Interference>;
  const values = await SafetensorsFile.open(join(folder, VALUES), { signal });
  return {
    interference: new Map(Object.entries(counts)),
    async singularValues(name) {
      const [models = 0, each = 0] = values.tensors.get(name)?.shape ?? [];
      const all = await values.read(name, 'f32', { signal });
      return Array.from({ length: models }, (_, i) => all.subarray(i * each, (i + 1) * each));
    },
  };
}

async function compareAll(
  tensors: readonly ComparedTensor[],
  density: number,
  signal: AbortSignal,
  onProgress: (fraction: number) => void,
): Promise<Map<string, Interference>> {
  const found = new Map<string, Interference>();
  for (const [done, { name, elements, sources, base }] of tensors.entries()) {
    const tensor = { name, models: sources.map(sourceOf), base: sourceOf(base) };
    found.set(name, await MergeJob.interference(tensor, Math.floor(density * elements), { signal }));
    onProgress((done + 1) / tensors.length);
  }
  return found;
}

async function writeSingularValues(
  path: string,
  tensors: readonly ComparedTensor[],
  signal: AbortSignal,
  onProgress: (fraction: number) => void,
): Promise<void> {
  const matrices = tensors.filter(({ isMatrix }) => isMatrix);
  const plans = matrices.map(({ name, shape, sources }) => ({
    name,
    dtype: 'F32' as const,
    shape: [sources.length, Math.min(...shape)],
  }));
  const writer = await SafetensorsWriter.create(path, plans, {}, { signal });
  try {
    for (const [done, { name, shape, sources, base }] of matrices.entries()) {
      const each = Math.min(...shape);
      const values = new Float32Array(sources.length * each);
      for (const [model, source] of sources.entries()) {
        values.set(
          await singularValuesOf(name, shape, sourceOf(source), sourceOf(base), signal),
          model * each,
        );
      }
      await writer.write(name, values, { signal });
      onProgress((done + 1) / matrices.length);
    }
    await writer.finish({ signal });
  } catch (error) {
    writer.discard();
    throw error;
  }
}

/** The tensors by the content of the files that they come from. */
async function keyOf(
  tensors: readonly ComparedTensor[],
  density: number,
  lineage: Lineage,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const inputs = [
    ...new Set(tensors.flatMap(({ sources, base }) => [base, ...sources]).map(({ input }) => input)),
  ];
  const of = ({ input, tensor }: PlannedSource): unknown => [inputs.indexOf(input), tensor.name];
  return {
    statistic: { kind: 'task_vectors', density },
    version: VERSION,
    inputs: await Promise.all(inputs.map((input) => contentOf(input, lineage, signal))),
    tensors: tensors.map(({ name, isMatrix, sources, base }) => [name, isMatrix, of(base), sources.map(of)]),
  };
}

/** Digests of an input's files; what an earlier stage of the same request merged is not in the lineage. */
async function contentOf(
  { role, files }: PlannedInput,
  { inputs }: Lineage,
  signal: AbortSignal,
): Promise<unknown> {
  if (role === undefined) return Promise.all(files.map((path) => sha256File(path, { signal })));
  return Object.entries(inputs)
    .filter(([key]) => key.startsWith(`${role}/`))
    .map(([key, digest]) => [key.slice(role.length + 1), digest]);
}
