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

import type { Factors, PairKernels } from './adapter-method.js';
import type { PlannedMember, PlannedModule } from './planned.js';

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
  return {
    options,
    factors: async () => {
      const factors: Factors[] = [];
      for (const member of module.members) factors.push(await readFactors(member, module, options));
      return factors;
    },
    mergeFactor: (side, steps) => {
      const key = ({ opened }: PlannedMember): string => (side === 'a' ? opened.aKey : opened.bKey);
      const sources = module.members.map((member) => ({
        file: member.input.adapter.file,
        name: key(member),
        pairs: [],
      }));
      return merge(`${module.module}.${side}`, sources, steps);
    },
    mergeMatrices: async (matrices, steps) => {
      const path = join(settings.folder, 'matrices.safetensors');
      const file = await writeMatrices(path, matrices, options);
      const sources = matrices.map((_, index) => ({ file, name: String(index), pairs: [] }));
      const merged = await merge(module.module, sources, steps);
      await rm(path);
      return merged;
    },
  };
}

async function readFactors(
  { input, opened }: PlannedMember,
  { rows, columns }: PlannedModule,
  options: CallOptions,
): Promise<Factors> {
  const { file } = input.adapter;
  const a = await file.read(opened.aKey, 'f64', options);
  const b = await file.read(opened.bKey, 'f64', options);
  return {
    a: { rows: opened.rank, columns, data: a },
    b: { rows, columns: opened.rank, data: b },
  };
}

/** Errors: `NON_FINITE_INPUT`, naming adapter and tensor. */
export async function checkFinitePairs({ members }: PlannedModule, options: CallOptions): Promise<void> {
  for (const { input, opened } of members) {
    for (const key of [opened.aKey, opened.bKey]) {
      const count = await input.adapter.file.countNonFinite(key, options);
      if (count === 0) continue;
      throw incompatible(
        'NON_FINITE_INPUT',
        `${input.label}: tensor ${JSON.stringify(key)} has ${count} NaN or infinite values`,
        { details: { tensor: key, count: String(count), input: input.label } },
      );
    }
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
  const writer = await SafetensorsWriter.create(path, plans, {}, options);
  try {
    for (const [index, { data }] of matrices.entries()) await writer.write(String(index), data, options);
    await writer.finish(options);
  } catch (error) {
    writer.discard();
    throw error;
  }
  return SafetensorsFile.open(path, options);
}
