import { join } from 'node:path';

import { incompatible } from '@eigenloom/errors';
import {
  MergeJob,
  type MergeReport,
  type MergeSource,
  type MergeTensor,
  SafetensorsWriter,
} from '@eigenloom/numeric';

import { contextOf, type MergePlan, type PlannedSource, type PlannedTensor } from '../plan/planned.js';
import type { Preparation } from '../prepare/preparation.js';

export interface MergeRunOptions {
  readonly allowNonFinite: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
}

/**
 * Merges the tensors of a plan into its shards in a folder. What was prepared says which sources take part, and with which weights.
 * Errors: `NON_FINITE_INPUT`, `BUFFERS_DIFFER`, `DISK_FULL`; no file is left then.
 */
export async function mergeTensors(
  folder: string,
  plan: MergePlan,
  prepared: Preparation | undefined,
  options: MergeRunOptions,
): Promise<MergeReport> {
  const { signal } = options;
  const writers: SafetensorsWriter[] = [];
  const job = new MergeJob();
  const chosen = plan.tensors.map((tensor) => asPrepared(tensor, prepared));
  const byName = new Map(chosen.map((tensor) => [tensor.name, tensor]));
  try {
    for (const shard of plan.shards.shards) {
      const path = join(folder, shard.file);
      const writer = await SafetensorsWriter.create(path, shard.tensors, { format: 'pt' }, { signal });
      writers.push(writer);
      for (const { name } of shard.tensors) {
        const tensor = byName.get(name);
        if (tensor !== undefined) job.add(describeTensor(tensor, plan), writer);
      }
    }
    const report = await job.run(options);
    checkReport(report, plan, options.allowNonFinite, byName);
    for (const writer of writers) await writer.finish({ signal });
    return report;
  } catch (error) {
    for (const writer of writers) writer.discard();
    throw error;
  }
}

function asPrepared(tensor: PlannedTensor, prepared: Preparation | undefined): PlannedTensor {
  const kept = prepared?.kept ?? tensor.sources.map((_, index) => index);
  const weights = prepared?.weights?.get(tensor.name);
  const statistics = prepared?.statistics?.get(tensor.name);
  const sources = kept.flatMap((index) => {
    const source = tensor.sources[index];
    if (source === undefined) return [];
    const weight = weights?.[index] ?? source.parameters.weight;
    return [{ ...source, parameters: { ...source.parameters, weight }, statistic: statistics?.[index] }];
  });
  return { ...tensor, sources };
}

/** What the core needs to merge one tensor. */
export function describeTensor(
  tensor: PlannedTensor,
  { mode, seed }: Pick<MergePlan, 'mode' | 'seed'>,
): MergeTensor {
  const { name, merged, sources, base, method } = tensor;
  const read = ({ input, tensor: own }: PlannedSource): MergeSource => input.model.source(own.name);
  return {
    name,
    models: sources.map((source) => ({ ...read(source), statistic: source.statistic })),
    base: base === undefined ? undefined : read(base),
    steps: merged ? method.mergeTensor(contextOf(tensor, mode)) : [],
    seed,
  };
}

function checkReport(
  report: MergeReport,
  plan: MergePlan,
  allowNonFinite: boolean,
  tensors: ReadonlyMap<string, PlannedTensor>,
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
  const { sources, base } = tensors.get(first.tensor) ?? {};
  const from = first.model === undefined ? base : sources?.[first.model];
  const where = from?.input.label ?? 'base';
  const tensor = from?.tensor.name ?? first.tensor;
  const rest = more.length === 0 ? '' : ` (and ${more.length} more tensors)`;
  throw incompatible(
    'NON_FINITE_INPUT',
    `${where}: tensor ${JSON.stringify(tensor)} has ${first.count} NaN or infinite values${rest}`,
    { details: { tensor, count: String(first.count), input: where, method: plan.method.id } },
  );
}
