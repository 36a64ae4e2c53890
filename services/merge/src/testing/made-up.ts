import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';

import { type MergeStatistic, SafetensorsFile, SafetensorsWriter, randomUniform } from '@eigenloom/numeric';

import type { MergePlan, PlannedTensor } from '../plan/planned.js';
import type { Preparation } from '../plan/preparation.js';
import { maskBytes } from '../plan/mask-files.js';

/** What a method would find out from data, made up instead: the same for the same model, whatever its place. */
export type MadeUp = (plan: MergePlan, folder: string) => Promise<Made>;
type Made = Pick<Preparation, 'kept' | 'weights' | 'statistics'>;

export const keepAllButSecond: MadeUp = (plan) =>
  Promise.resolve({ kept: plan.models.flatMap((_, i) => (isKept(nameOf(plan, i)) ? [i] : [])) });

export const fisherInformation: MadeUp = (plan, folder) =>
  statistics(plan, folder, (of) => product(of.shape), positive);

export const gramMatrices: MadeUp = (plan, folder) =>
  statistics(plan, folder, (of) => (of.shape.length > 1 ? columnsOf(of) ** 2 : 0), gram);

const nameOf = ({ models }: MergePlan, index: number): string => basename(models[index]?.path ?? '');
const isKept = (name: string): boolean => !name.startsWith('m1');
const product = (shape: readonly number[]): number => shape.reduce((all, size) => all * size, 1);
const columnsOf = ({ shape }: PlannedTensor): number => product(shape.slice(1));

/** The stream of random numbers of a model's tensor. */
const streamOf = (...names: readonly string[]): bigint =>
  BigInt(
    Array.from(names.join('/')).reduce(
      (hash, letter) => (hash * 31 + (letter.codePointAt(0) ?? 0)) % 1_000_003,
      7,
    ),
  );

/** A coefficient for each model and tensor; they need not add up to one. */
export function coefficients(plan: MergePlan): Promise<Made> {
  const weight = (tensor: string, i: number): number =>
    0.2 + Number(streamOf(nameOf(plan, i), tensor) % 7n) / 10;
  const weights = plan.tensors.map(
    ({ name, sources }) => [name, sources.map((_, i) => weight(name, i))] as const,
  );
  return Promise.resolve({ weights: new Map(weights) });
}

type Fill = (values: Float32Array, tensor: PlannedTensor) => Float32Array;

const positive: Fill = (values) => values.map((value) => value + 0.01);

/** Symmetric, and positive definite by its diagonal. */
const gram: Fill = (values, tensor) => {
  const size = columnsOf(tensor);
  return values.map((_, at) => {
    const [row, column] = [Math.floor(at / size), at % size];
    const mirrored = values[Math.min(row, column) * size + Math.max(row, column)] ?? 0;
    return row === column ? size * (1 + mirrored) : mirrored;
  });
};

async function statistics(
  plan: MergePlan,
  folder: string,
  sizeOf: (tensor: PlannedTensor) => number,
  fill: Fill,
): Promise<Made> {
  const measured = plan.tensors.filter((tensor) => sizeOf(tensor) > 0);
  const plans = measured.map((tensor) => ({
    name: tensor.name,
    dtype: 'F32' as const,
    shape: [sizeOf(tensor)],
  }));
  const files: SafetensorsFile[] = [];
  for (const index of plan.models.keys()) {
    const path = join(folder, `statistics-${plan.method.id}-${nameOf(plan, index)}.safetensors`);
    if (existsSync(path)) {
      files.push(await SafetensorsFile.open(path));
      continue;
    }
    const writer = await SafetensorsWriter.create(path, plans);
    for (const tensor of measured) {
      const stream = streamOf(nameOf(plan, index), tensor.name);
      const values = await randomUniform({ seed: 3n, stream, length: sizeOf(tensor), precision: 'f32' });
      await writer.write(tensor.name, fill(values, tensor));
    }
    await writer.finish();
    files.push(await SafetensorsFile.open(path));
  }
  const of = (name: string): MergeStatistic[] => files.map((file) => ({ file, name }));
  return { statistics: new Map(measured.map(({ name }) => [name, of(name)])) };
}

/** Every other element. */
export async function masks(plan: MergePlan, folder: string): Promise<Made> {
  const path = join(folder, `mask-${(count += 1)}.safetensors`);
  const plans = plan.tensors.map(({ name, shape }) => ({
    name,
    dtype: 'U8' as const,
    shape: [maskBytes(shape)],
  }));
  const writer = await SafetensorsWriter.create(path, plans);
  for (const { name, shape } of plans) await writer.write(name, new Uint8Array(shape[0] ?? 0).fill(0xaa));
  await writer.finish();
  const file = await SafetensorsFile.open(path);
  return { statistics: new Map(plans.map(({ name }) => [name, [{ file, name }]])) };
}

let count = 0;
