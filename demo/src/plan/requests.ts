import { analysis, init, merge, train, type common } from '@eigenloom/contracts';
import type { PreparedTask } from '../data/prepare.js';
import type { TrainingSizes } from '../options.js';
import type { LoraRun } from './run-names.js';

/** Modules that get an adapter; the spectra are read from the same. */
export const TARGET_MODULES = ['query', 'value'];
const ADAPTED_TENSORS = ['*.attention.self.query.weight', '*.attention.self.value.weight'];

export const fileUri = (path: string): string => `file:${path}`;

const dataOf = (path: string): common.DatasetRef => ({ uri: fileUri(path) });

const batchingOf = ({ batchSize, maxLength }: TrainingSizes): common.Batching => ({ batchSize, maxLength });

/** Scaling alpha / rank is 1 for every start, so that one learning rate means the same for all. */
export function initRequest(
  run: LoraRun,
  task: PreparedTask,
  model: string,
  sizes: TrainingSizes,
): init.InitAdapterRequest {
  const eva = { data: dataOf(task.files.train), batching: batchingOf(sizes), maxBatches: 20 };
  return init.InitAdapterRequest.fromPartial({
    seed: BigInt(run.seed),
    model: { uri: fileUri(model) },
    targetModules: TARGET_MODULES,
    adapter: { kind: { $case: 'lora', value: { rank: sizes.rank, alpha: sizes.rank } } },
    start: {
      kind: run.start === 'eva' ? { $case: 'eva', value: eva } : { $case: run.start, value: {} },
    },
  });
}

function trainingBase(
  task: PreparedTask,
  model: string,
  sizes: TrainingSizes,
  steps: number,
): train.TrainRequest {
  return train.TrainRequest.fromPartial({
    model: { uri: fileUri(model) },
    trainData: dataOf(task.files.train),
    validationData: dataOf(task.files.validation),
    objective: { kind: { $case: 'sequenceClassification', value: { labels: [...task.labels] } } },
    schedule: { warmupSteps: Math.ceil(steps / 10) },
    batching: batchingOf(sizes),
    maxSteps: steps,
    evalSteps: steps,
    checkpointSteps: steps,
  });
}

/** The residual is used where the start changed the base; `adapter` and `residual` are URIs. */
export function loraRequest(
  run: LoraRun,
  task: PreparedTask,
  model: string,
  sizes: TrainingSizes,
  adapter: { readonly uri: string; readonly residual: string },
): train.TrainRequest {
  return {
    ...trainingBase(task, model, sizes, sizes.steps),
    // The same seed gives the same order of examples and the same new head, whatever the start: runs can be compared in pairs.
    seed: BigInt(run.seed),
    trainable: {
      kind: { $case: 'adapter', value: { uri: adapter.uri, residualUri: adapter.residual, dropout: 0 } },
    },
    optimizer: train.Optimizer.fromPartial({ learningRate: sizes.loraLearningRate }),
  };
}

export function fullRequest(task: PreparedTask, model: string, sizes: TrainingSizes): train.TrainRequest {
  return {
    ...trainingBase(task, model, sizes, sizes.fullSteps),
    seed: 1n,
    trainable: { kind: { $case: 'full', value: {} } },
    optimizer: train.Optimizer.fromPartial({ learningRate: sizes.fullLearningRate }),
  };
}

const folded = (model: string, adapter: string): merge.MergeInput =>
  merge.MergeInput.fromPartial({ model: { uri: fileUri(model), adapters: [adapter] } });

/** Mean of all members, or the greedy choice on the validation split. `members` are URIs of adapters. */
export function soupRequest(
  recipe: 'uniform' | 'greedy',
  task: PreparedTask,
  model: string,
  sizes: TrainingSizes,
  members: readonly string[],
): merge.MergeRequest {
  return merge.MergeRequest.fromPartial({
    models: members.map((member) => folded(model, member)),
    method: {
      kind:
        recipe === 'uniform'
          ? { $case: 'linear', value: {} }
          : {
              $case: 'greedySoup',
              value: {
                data: dataOf(task.files.validation),
                batching: { batchSize: 32, maxLength: sizes.maxLength },
              },
            },
    },
  });
}

/** A merge of encoders of different tasks. */
export interface TaskVectorMerge {
  readonly method: 'task_arithmetic' | 'ties';
  readonly lambda: number;
}

/** Share of each task vector that TIES keeps: the paper's. */
export const TIES_DENSITY = 0.2;

/** `encoders` are URIs of adapters without their heads. */
export function taskVectorRequest(
  { method, lambda }: TaskVectorMerge,
  model: string,
  encoders: readonly string[],
): merge.MergeRequest {
  return merge.MergeRequest.fromPartial({
    base: { uri: fileUri(model) },
    models: encoders.map((encoder) => folded(model, encoder)),
    method: {
      kind:
        method === 'ties'
          ? { $case: 'ties', value: { density: TIES_DENSITY, lambda } }
          : { $case: 'taskArithmetic', value: { lambda } },
    },
  });
}

/** What a model reference in a pipeline may be: an adapter over the base, or a whole model. */
export type Tuned = { readonly adapter: string } | { readonly model: string };

export function analyzeRequest(
  study: 'spectrum' | 'intruders',
  tuned: Tuned,
  model: string,
): analysis.AnalyzeRequest {
  const base = { uri: fileUri(model) };
  const inputs = {
    model: 'model' in tuned ? { uri: tuned.model } : { ...base, adapters: [tuned.adapter] },
    base,
    tensors: ADAPTED_TENSORS,
  };
  return analysis.AnalyzeRequest.fromPartial({
    study: {
      kind:
        study === 'spectrum'
          ? { $case: 'spectrum', value: { ...inputs, singularValues: true } }
          : { $case: 'intruders', value: { ...inputs, k: 10 } },
    },
  });
}
