import { analysis, init, merge, train, type common } from '@eigenloom/contracts';
import type { PreparedTask } from '../data/prepare.js';
import type { TrainingSizes } from '../options.js';
import type { LoraRun } from './run-names.js';

/** Modules that get an adapter; the spectra are read from the same. */
export const TARGET_MODULES = ['query', 'value'];
const ADAPTED_TENSORS = ['*.attention.self.query.weight', '*.attention.self.value.weight'];

export const fileUri = (path: string): string => `file:${path}`;

const dataOf = (path: string): common.DatasetRef => ({
  uri: fileUri(path),
  textField: '',
  labelField: '',
  limit: 0,
});

/** Scaling alpha / rank is 1 for every start, so that one learning rate means the same for all. */
export function initRequest(
  run: LoraRun,
  task: PreparedTask,
  model: string,
  sizes: TrainingSizes,
): init.InitAdapterRequest {
  const eva = {
    data: dataOf(task.files.train),
    batchSize: sizes.batchSize,
    maxLength: sizes.maxLength,
    maxBatches: 20,
  };
  return init.InitAdapterRequest.fromPartial({
    seed: BigInt(run.seed),
    model: { uri: fileUri(model) },
    targetModules: TARGET_MODULES,
    rank: sizes.rank,
    alpha: sizes.rank,
    method:
      run.start === 'eva'
        ? { $case: 'eva', value: eva }
        : run.start === 'pissa'
          ? { $case: 'pissa', value: {} }
          : { $case: 'default', value: {} },
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
    objective: { $case: 'sequenceClassification', value: { labels: [...task.labels] } },
    schedule: { warmupSteps: Math.ceil(steps / 10) },
    batchSize: sizes.batchSize,
    maxLength: sizes.maxLength,
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
    method: {
      $case: 'lora',
      value: { adapterUri: adapter.uri, residualUri: adapter.residual, dropout: 0 },
    },
    optimizer: train.Optimizer.fromPartial({ learningRate: sizes.loraLearningRate }),
  };
}

export function fullRequest(task: PreparedTask, model: string, sizes: TrainingSizes): train.TrainRequest {
  return {
    ...trainingBase(task, model, sizes, sizes.fullSteps),
    seed: 1n,
    method: { $case: 'full', value: {} },
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
    method:
      recipe === 'uniform'
        ? { $case: 'linear', value: {} }
        : {
            $case: 'greedySoup',
            value: { data: dataOf(task.files.validation), batchSize: 32, maxLength: sizes.maxLength },
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
    method:
      method === 'ties'
        ? { $case: 'ties', value: { density: TIES_DENSITY, lambda } }
        : { $case: 'taskArithmetic', value: { lambda } },
  });
}

/** What a model reference in a pipeline may be: an adapter over the base, or a whole model. */
export type Tuned = { readonly adapter: string } | { readonly model: string };

export function analyzeRequest(
  method: 'spectrum' | 'intruders',
  tuned: Tuned,
  model: string,
): analysis.AnalyzeRequest {
  const base = { uri: fileUri(model) };
  return analysis.AnalyzeRequest.fromPartial({
    model: 'model' in tuned ? { uri: tuned.model } : { ...base, adapters: [tuned.adapter] },
    base,
    tensors: ADAPTED_TENSORS,
    method:
      method === 'spectrum'
        ? { $case: 'spectrum', value: { singularValues: true } }
        : { $case: 'intruders', value: { k: 10 } },
  });
}
