import { join } from 'node:path';
import { rm } from 'node:fs/promises';

import { incompatible } from '@eigenloom/errors';
import {
  type CallOptions,
  type Matrix,
  MergeJob,
  type MergeSource,
  type MergeStep,
  SafetensorsFile,
  SafetensorsWriter,
} from '@eigenloom/numeric';

import type { Factors, PairKernels } from '../steps/adapter-method.js';
import type { PlannedMember, PlannedModule, ReadAdapter } from '../plan/planned.js';
import { readInventory } from './read-inventory.js';

export interface KernelSettings {
  readonly seed: bigint;
  /** A folder for matrices on their way to the core. */
  readonly folder: string;
  readonly options: CallOptions;
}

/** The kernels of one module. */
export function pairKernels(module: PlannedModule, settings: KernelSettings): PairKernels {
  const { seed, options } = settings;
  const merge = (
    name: string,
    models: readonly MergeSource[],
    steps: readonly MergeStep[],
  ): Promise<Float32Array> => MergeJob.toMemory({ name, models, steps, seed }, options);
  const { source } = module;
  const factors = (): Promise<readonly Factors[]> => readFactors(module, options);
  const mergeMatrices: PairKernels['mergeMatrices'] = async (matrices, steps) => {
    const path = join(settings.folder, 'matrices.safetensors');
    const file = await writeMatrices(path, matrices, options);
    const sources = matrices.map((_, index) => ({ file, name: String(index), pairs: [] }));
    const merged = await merge(module.module, sources, steps);
    await rm(path);
    return merged;
  };
  const mergeFactor: PairKernels['mergeFactor'] = async (side, steps) => {
    if (source.kind === 'inventory') {
      return mergeMatrices(
        (await factors()).map((pair) => pair[side]),
        steps,
      );
    }
    const key = ({ opened }: PlannedMember): string => (side === 'a' ? opened.aKey : opened.bKey);
    const sources = source.members.map((member) => ({
      file: member.input.file,
      name: key(member),
      pairs: [],
    }));
    return merge(`${module.module}.${side}`, sources, steps);
  };
  return { options, factors, mergeFactor, mergeMatrices };
}

async function readFactors(
  { source, rows, columns }: PlannedModule,
  options: CallOptions,
): Promise<readonly Factors[]> {
  if (source.kind === 'inventory') return readInventory(source, options);
  const factors: Factors[] = [];
  for (const { input, opened } of source.members) {
    const a = await input.file.read(opened.aKey, 'f64', options);
    const b = await input.file.read(opened.bKey, 'f64', options);
    const { rank } = opened;
    factors.push({ a: { rows: rank, columns, data: a }, b: { rows, columns: rank, data: b } });
  }
  return factors;
}

/** The files and keys that hold a module's members. */
function keysOf({ source }: PlannedModule): { input: ReadAdapter; key: string }[] {
  if (source.kind === 'adapters') {
    return source.members.flatMap(({ input, opened }) =>
      [opened.aKey, opened.bKey].map((key) => ({ input, key })),
    );
  }
  const { input, module } = source;
  return [module.aKey, module.bKey].map((key) => ({ input, key }));
}

/** Errors: `NON_FINITE_INPUT`, naming adapter and tensor. */
export async function checkFinitePairs(module: PlannedModule, options: CallOptions): Promise<void> {
  for (const { input, key } of keysOf(module)) {
    const count = await input.file.countNonFinite(key, options);
    if (count === 0) continue;
    throw incompatible(
      'NON_FINITE_INPUT',
      `${input.label}: tensor ${JSON.stringify(key)} has ${count} NaN or infinite values`,
      { details: { tensor: key, count: String(count), input: input.label } },
    );
  }
}

async function writeMatrices(
  path: string,
  matrices: readonly Matrix[],
  options: CallOptions,
): Promise<SafetensorsFile> {
  const plans = matrices.map(({ rows, columns }, index) => ({
    name: String(index),
    dtype: 'F32' as const,
    shape: [rows, columns],
  }));
  // Something on the way: the adapter that is written in the end is judged.
  const writer = await SafetensorsWriter.create(path, plans, {}, { ...options, allowNonFinite: true });
  try {
    for (const [index, { data }] of matrices.entries()) await writer.write(String(index), data, options);
    await writer.finish(options);
  } catch (error) {
    writer.discard();
    throw error;
  }
  return SafetensorsFile.open(path, options);
}
