import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { type FinishedFiles, type PlannedShard, type WrittenDigests, planBytes } from '@eigenloom/checkpoint';
import { incompatible } from '@eigenloom/errors';
import {
  MergeJob,
  type MergeReport,
  type MergeStep,
  type MergeTensor,
  type SafetensorsFile,
  SafetensorsWriter,
  type TensorDifference,
} from '@eigenloom/numeric';

import {
  contextOf,
  type MergePlan,
  type PlannedSource,
  type PlannedTensor,
  sourceOf,
} from '../plan/planned.js';
import type { Preparation } from '../plan/preparation.js';
import { type Changes, changesOf, decodeDifferences, encodeDifferences } from './changes.js';
import type { InputDigests } from './input-digests.js';

export interface MergeRunOptions {
  readonly allowNonFinite: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
  /** Where finished shards survive a crash, and what to call before one is kept; by default every shard is made again. */
  readonly finished?: FinishedShards | undefined;
  /** Gets those of the files that the merge reads. */
  readonly digests?: InputDigests;
}

/** What a merge changed and what it wrote. */
export interface Merged {
  readonly changes: Changes;
  readonly written: WrittenDigests;
}

/** Shards as the job's attempts keep them for one another. */
export interface FinishedShards {
  readonly files: FinishedFiles<string>;
  readonly fence: () => Promise<void>;
  /** Hears of shards that are not made again, and of those whose checksum is wrong. */
  readonly onFound: (file: string) => void;
  readonly onDamaged: (file: string) => void;
}

/**
 * Merges the tensors of a plan into its shards in a folder, one shard after the other. What was prepared says which sources take part,
 * and with which weights. Errors: `NON_FINITE_INPUT`, `NON_FINITE_RESULT`, `BUFFERS_DIFFER`, `DISK_FULL`; the shard at work is removed then.
 */
export async function mergeTensors(
  folder: string,
  plan: MergePlan,
  prepared: Preparation | undefined,
  options: MergeRunOptions,
): Promise<Merged> {
  const byName = preparedTensors(plan, prepared);
  const job = new MergeJob();
  const hashed = (await options.digests?.missing(filesOf([...byName.values()]))) ?? [];
  job.hash(hashed);
  const work = { job, plan, byName, options };
  const differences: TensorDifference[] = [];
  const written: Record<string, string> = {};
  let doneBytes = 0;
  for (const shard of plan.shards.shards) {
    const bytes = shard.tensors.reduce((sum, tensor) => sum + planBytes(tensor), 0);
    const onProgress = (fraction: number): void => {
      options.onProgress((doneBytes + fraction * bytes) / Math.max(1, plan.shards.totalBytes));
    };
    const { finished } = options;
    const made =
      finished === undefined
        ? await mergeShard(join(folder, shard.file), shard, { ...work, onProgress })
        : await finishShard(folder, shard, finished, { ...work, onProgress });
    for (const difference of made.differences) differences.push(difference);
    written[shard.file] = made.sha256;
    doneBytes += bytes;
  }
  const digests = await job.digests({ signal: options.signal });
  for (const [index, digest] of digests.entries()) await options.digests?.add(hashed[index], digest);
  return { changes: changesOf(differences), written };
}

const sourcesOf = ({ sources, base }: PlannedTensor): readonly PlannedSource[] =>
  base === undefined ? sources : [...sources, base];

/** What the merge itself made has no place in the lineage. */
const filesOf = (tensors: readonly PlannedTensor[]): SafetensorsFile[] =>
  tensors
    .flatMap(sourcesOf)
    .filter(({ input }) => input.role !== undefined)
    .map(sourceOf)
    .filter(({ derived }) => derived !== true)
    .map(({ file }) => file);

/** A shard on disk. */
interface MadeShard {
  readonly differences: readonly TensorDifference[];
  readonly sha256: string;
}

/** What is recorded of a result whose shards are all finished. */
export async function changesFound(
  { shards }: Pick<MergePlan, 'shards'>,
  { files }: FinishedShards,
): Promise<Changes | undefined> {
  const differences: TensorDifference[] = [];
  for (const { file, tensors } of shards.shards) {
    const record = await files.recordOf(file);
    const found = record && decodeDifferences(record.note, tensors.length);
    if (found === undefined) return undefined;
    for (const difference of found) differences.push(difference);
  }
  return changesOf(differences);
}

interface ShardWork {
  readonly job: MergeJob;
  readonly plan: MergePlan;
  readonly byName: ReadonlyMap<string, PlannedTensor>;
  readonly options: MergeRunOptions;
  readonly onProgress: (fraction: number) => void;
}

/** A shard that an earlier attempt finished, or a new one that the next attempt may find. */
async function finishShard(
  folder: string,
  shard: PlannedShard,
  { files, fence, onFound, onDamaged }: FinishedShards,
  work: ShardWork,
): Promise<MadeShard> {
  const { file, tensors } = shard;
  const found = await files.find(file, onDamaged);
  const differences =
    found === undefined
      ? undefined
      : decodeDifferences(found.note, tensors.filter(({ name }) => work.byName.has(name)).length);
  let made: MadeShard | undefined =
    found === undefined || differences === undefined ? undefined : { differences, sha256: found.sha256 };
  if (made === undefined) {
    const path = files.pathOf(file);
    made = await mergeShard(path, shard, work, fence);
    const { size } = await stat(path);
    const note = encodeDifferences(made.differences);
    await files.keep(file, { sha256: made.sha256, sizeBytes: size, note });
  } else onFound(file);
  await files.place(file, folder);
  return made;
}

async function mergeShard(
  path: string,
  { tensors }: PlannedShard,
  { job, plan, byName, options, onProgress }: ShardWork,
  fence?: () => Promise<void>,
): Promise<MadeShard> {
  const { signal, allowNonFinite } = options;
  const writer = await SafetensorsWriter.create(path, tensors, { format: 'pt' }, { signal, allowNonFinite });
  try {
    for (const { name } of tensors) {
      const tensor = byName.get(name);
      if (tensor !== undefined) job.add(describeTensor(tensor, plan), writer);
    }
    const report = await job.run({ signal, allowNonFinite, onProgress });
    checkReport(report, plan, allowNonFinite, byName);
    for (const { name } of tensors) {
      const values = plan.computed?.get(name);
      if (values !== undefined) await writer.write(name, values, { signal });
    }
    await fence?.();
    return { differences: report.differences, sha256: await writer.finish({ signal }) };
  } catch (error) {
    writer.discard();
    throw error;
  }
}

/** The tensors of the result by name, with the sources that take part and their weights. */
export function preparedTensors(
  { tensors }: Pick<MergePlan, 'tensors'>,
  prepared: Preparation | undefined,
): Map<string, PlannedTensor> {
  return new Map(tensors.map((tensor) => [tensor.name, asPrepared(tensor, prepared)]));
}

function asPrepared(tensor: PlannedTensor, prepared: Preparation | undefined): PlannedTensor {
  if (tensor.buffer === true) return tensor;
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

/** The program of a tensor; empty where it is copied. */
export const stepsOf = (tensor: PlannedTensor, mode: MergePlan['mode']): readonly MergeStep[] =>
  tensor.merged ? tensor.method.mergeTensor(contextOf(tensor, mode)) : [];

/** What the core needs to merge one tensor. */
export function describeTensor(
  tensor: PlannedTensor,
  { mode, seed }: Pick<MergePlan, 'mode' | 'seed'>,
): MergeTensor {
  const { name, sources, base } = tensor;
  return {
    name,
    models: sources.map((source) => ({ ...sourceOf(source), statistic: source.statistic })),
    base: base === undefined ? undefined : sourceOf(base),
    steps: stepsOf(tensor, mode),
    seed,
    wide: tensor.wide,
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
      `tensor ${JSON.stringify(differing)} holds integers or booleans, which cannot be merged, and differs between the models`,
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
