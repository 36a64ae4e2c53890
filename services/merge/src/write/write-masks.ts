import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { MergeJob, SafetensorsWriter } from '@eigenloom/numeric';

import type { MaskRule } from '../steps/tensor-method.js';
import { contextOf, type MergePlan, type PlannedTensor } from '../plan/planned.js';
import { MASK_FOLDER, maskBytes, maskFile, RESCALER } from '../plan/mask-files.js';
import { describeTensor, type MergeRunOptions } from '../run/merge-tensors.js';

const ruleOf = (tensor: PlannedTensor, mode: MergePlan['mode']): MaskRule | undefined =>
  tensor.method.masksOf(contextOf(tensor, mode));

/** Whether a tensor's method writes masks. */
export const hasMask = (tensor: PlannedTensor): boolean =>
  tensor.merged && ruleOf(tensor, 'paper') !== undefined;

/** Writes the masks of every model, and by how much its vector is to be scaled, beside a merged model. Errors: `DISK_FULL`. */
export async function writeMasks(folder: string, plan: MergePlan, options: MergeRunOptions): Promise<void> {
  const { signal } = options;
  const tensors = plan.tensors.filter(hasMask);
  const writers: SafetensorsWriter[] = [];
  await mkdir(join(folder, MASK_FOLDER));
  try {
    const plans = tensors.map(({ name, shape }) => ({
      name,
      dtype: 'U8' as const,
      shape: [maskBytes(shape)],
    }));
    const rescaler = { name: RESCALER, dtype: 'F64' as const, shape: [1] };
    for (const model of plan.models.keys()) {
      const path = join(folder, maskFile(model));
      writers.push(await SafetensorsWriter.create(path, [...plans, rescaler], { format: 'pt' }, { signal }));
    }
    const rescalers = await writeTensors(writers, tensors, plan, options);
    for (const [model, writer] of writers.entries()) {
      await writer.write(RESCALER, Float64Array.of(rescalers[model] ?? 1), { signal });
      await writer.finish({ signal });
    }
  } catch (error) {
    for (const writer of writers) writer.discard();
    throw error;
  }
}

/** Returns the rescalers: Σ|x| / Σ|mask ∘ m| over all tensors, 1 where a model has nothing left or is not rescaled. */
async function writeTensors(
  writers: readonly SafetensorsWriter[],
  tensors: readonly PlannedTensor[],
  plan: MergePlan,
  { signal, onProgress }: MergeRunOptions,
): Promise<number[]> {
  const sums = writers.map(() => ({ own: 0, masked: 0 }));
  for (const [position, tensor] of tensors.entries()) {
    const rule = ruleOf(tensor, plan.mode);
    if (rule === undefined) continue;
    const described = { ...describeTensor(tensor, plan), steps: rule.steps };
    const { bits, own, masked } = await MergeJob.masks(described, rule.before, rule.needs, { signal });
    for (const [model, writer] of writers.entries()) {
      await writer.write(tensor.name, bits[model] ?? new Uint8Array(), { signal });
    }
    if (rule.rescaled) {
      sums.forEach((sum, model) => {
        sum.own += own[model] ?? 0;
        sum.masked += masked[model] ?? 0;
      });
    }
    onProgress((position + 1) / tensors.length);
  }
  return sums.map(({ own, masked }) => (masked > 0 ? own / masked : 1));
}
