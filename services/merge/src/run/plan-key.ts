import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { ADAPTER_FILES } from '@eigenloom/checkpoint';
import { EIGENLOOM_VERSION } from '@eigenloom/runtime';

import { inputsOf, type MergePlan, type PlannedInput, type PlannedSource } from '../plan/planned.js';
import type { Preparation } from '../plan/preparation.js';
import { preparedTensors, stepsOf } from './merge-tensors.js';

/** Keys of what earlier merges of the same request made, by folder. */
export type MadeInputs = ReadonlyMap<string, string>;

/**
 * Two merges with one key write the same bytes: it covers the version, every tensor's steps and seed, the shards, and of each file that
 * is read the inode, size and times, as build tools know a file that has not changed.
 */
export async function planKey(
  plan: MergePlan,
  prepared: Preparation | undefined,
  made: MadeInputs,
): Promise<string> {
  const inputs = inputsOf(plan);
  const position = new Map(inputs.map((input, index) => [input, index]));
  const place = ({ input, tensor }: PlannedSource): unknown => [position.get(input), tensor.name];
  const hash = createHash('sha256');
  const add = (value: unknown): void => {
    hash.update(`${JSON.stringify(value)}\n`);
  };
  add([EIGENLOOM_VERSION, plan.shards, plan.rearranged?.digest]);
  for (const input of inputs) add(await identityOf(input, made));
  for (const tensor of preparedTensors(plan, prepared).values()) {
    const { name, shape, dtype, wide, sources, base } = tensor;
    const steps = stepsOf(tensor, plan.mode);
    const statistics = sources.map(({ statistic }) => statistic && [statistic.file.identity, statistic.name]);
    add([
      name,
      shape,
      dtype,
      wide,
      String(plan.seed),
      sources.map(place),
      base && place(base),
      steps,
      statistics,
    ]);
  }
  return hash.digest('hex');
}

/** What stands for the files of an input. */
export async function identityOf(
  { path, files, adapters }: PlannedInput,
  made: MadeInputs,
): Promise<unknown> {
  const key = made.get(path);
  const read = adapters.flatMap((folder) => ADAPTER_FILES.map((name) => join(folder, name)));
  const stats = await Promise.all([...(key === undefined ? files : []), ...read].map(statOf));
  return [key, stats];
}

async function statOf(path: string): Promise<readonly string[]> {
  const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return [ino, size, mtimeNs, ctimeNs].map(String);
}
