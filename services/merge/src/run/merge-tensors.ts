import { join } from 'node:path';

import { incompatible } from '@eigenloom/errors';
import { MergeJob, type MergeReport, type MergeTensor, SafetensorsWriter } from '@eigenloom/numeric';

import type { MergePlan } from '../plan/merge-plan.js';
import type { PairedTensor } from '../plan/pair-tensors.js';

export interface MergeRunOptions {
  readonly allowNonFinite: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
}

/**
 * Merges the tensors of a plan into its shards in a folder, with the models at the given positions only.
 * Errors: `NON_FINITE_INPUT`, `BUFFERS_DIFFER`, `DISK_FULL`; no file is left then.
 */
export async function mergeTensors(
  folder: string,
  plan: MergePlan,
  kept: readonly number[],
  options: MergeRunOptions,
): Promise<MergeReport> {
  const { signal } = options;
  const writers: SafetensorsWriter[] = [];
  const job = new MergeJob();
  const byName = new Map(plan.tensors.map((tensor) => [tensor.name, tensor]));
  try {
    for (const shard of plan.shards.shards) {
      const path = join(folder, shard.file);
      const writer = await SafetensorsWriter.create(path, shard.tensors, { format: 'pt' }, { signal });
      writers.push(writer);
      for (const { name } of shard.tensors) {
        const tensor = byName.get(name);
        if (tensor !== undefined) job.add(describeTensor(plan, tensor, kept), writer);
      }
    }
    const report = await job.run(options);
    checkReport(report, plan, options.allowNonFinite, kept);
    for (const writer of writers) await writer.finish({ signal });
    return report;
  } catch (error) {
    for (const writer of writers) writer.discard();
    throw error;
  }
}

/** What the core needs to merge one tensor. */
export function describeTensor(plan: MergePlan, tensor: PairedTensor, kept: readonly number[]): MergeTensor {
  const models = kept.flatMap((index) => plan.models[index] ?? []);
  const sources = kept.flatMap((index) => {
    const name = tensor.models[index]?.name;
    return name === undefined ? [] : (plan.models[index]?.model.source(name) ?? []);
  });
  const elements = tensor.shape.reduce((product, size) => product * size, 1);
  const steps = tensor.merged
    ? plan.method.mergeTensor({
        name: tensor.name,
        shape: tensor.shape,
        elements,
        models: models.map(({ parameters }) => parameters),
        mode: plan.mode,
      })
    : [];
  const base = tensor.base === undefined ? undefined : plan.base?.model.source(tensor.base.name);
  return { name: tensor.name, models: sources, base, steps, seed: plan.seed };
}

function checkReport(
  report: MergeReport,
  plan: MergePlan,
  allowNonFinite: boolean,
  kept: readonly number[],
): void {
  const [differing] = report.disagreeing;
  if (differing !== undefined) {
    throw incompatible(
      'BUFFERS_DIFFER',
      `tensor ${JSON.stringify(differing)} is not a float and differs between the models`,
    );
  }
  const [first, ...more] = report.nonFinite;
  if (first === undefined || allowNonFinite) return;
  const where = first.model === undefined ? 'base' : `models[${kept[first.model] ?? 0}]`;
  const rest = more.length === 0 ? '' : ` (and ${more.length} more tensors)`;
  throw incompatible(
    'NON_FINITE_INPUT',
    `${where}: tensor ${JSON.stringify(first.tensor)} has ${first.count} NaN or infinite values${rest}`,
    { details: { tensor: first.tensor, count: String(first.count), input: where, method: plan.method.id } },
  );
}
