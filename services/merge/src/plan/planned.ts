import type { Model, ModelConfig, ShardPlan, TensorInfo, TensorSource } from '@eigenloom/checkpoint';
import type { CallOptions, Dtype, MergeStatistic, Real } from '@eigenloom/numeric';
import type { MethodInfo } from '@eigenloom/contracts';

import type { ModelParameters } from '../steps/method-facts.js';
import type { TensorContext, TensorMethod } from '../steps/tensor-method.js';

/** Where a model is, once resolved. */
export interface ModelPaths {
  readonly path: string;
  readonly adapters: readonly string[];
  /** Its head is a tensor of its own, though the files may have one for both: another model of the merge was untied by an adapter. */
  readonly untied: boolean;
  /** File of the tensors that adapters change by more than pairs, where it has been written. */
  readonly dense?: string | undefined;
}

/** What a merge reads, for its lineage. */
export interface ReadInput {
  /** What it is in the lineage: `models/0`. Undefined for what the merge itself made. */
  readonly role: string | undefined;
  /** The roles of what the request's URI fields name: `models[0].model.uri` → `models/0`. */
  readonly fields: ReadonlyMap<string, string>;
  /** Absolute paths. */
  readonly files: readonly string[];
  readonly adapters: readonly string[];
  /** Keys that would run code: `config.json: auto_map`. */
  readonly ignored: readonly string[];
}

/** A model that is read, open. */
export interface PlannedInput extends Pick<ModelPaths, 'path' | 'adapters'>, ReadInput {
  readonly model: Model;
  /** Where the request names it, for messages: `models[0]`. */
  readonly label: string;
}

/** One tensor that goes into a merge. */
export interface PlannedSource {
  readonly input: PlannedInput;
  readonly tensor: TensorInfo;
}

/** Where its values are read. */
export const sourceOf = ({ input, tensor }: PlannedSource): TensorSource => input.model.source(tensor.name);

/** One that the method merges. */
export interface MergedSource extends PlannedSource {
  readonly parameters: ModelParameters;
  /** What was measured of it on the model's own data. */
  readonly statistic?: MergeStatistic | undefined;
}

/** One tensor of the result: all that is needed to make it. */
export interface PlannedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** As it is stored. */
  readonly dtype: Dtype;
  /** False for integers and booleans, which must agree and are copied, and for buffers. */
  readonly merged: boolean;
  /** Copied from its one source, which is not one of the models that the method sees. */
  readonly buffer?: boolean;
  /** Arithmetic in f64 whatever is stored. */
  readonly wide?: boolean;
  readonly sources: readonly MergedSource[];
  /** What the method subtracts, and what the report compares with. */
  readonly base: PlannedSource | undefined;
  readonly method: TensorMethod;
}

/** Every model that a plan reads. */
export const inputsOf = ({ base, models }: Pick<MergePlan, 'base' | 'models'>): readonly PlannedInput[] =>
  base === undefined ? models : [base, ...models];

/** What the tensor's method may know of it. */
export function contextOf(
  { name, shape, sources }: PlannedTensor,
  mode: TensorContext['mode'],
): TensorContext {
  return {
    name,
    shape,
    elements: shape.reduce((product, size) => product * size, 1),
    models: sources.map(({ parameters }) => parameters),
    statistics: sources.every(({ statistic }) => statistic !== undefined),
    mode,
  };
}

/** Files of a tokenizer that the result has instead of its donor's. */
export interface TokenizerFiles {
  readonly directory: string;
  readonly files: readonly string[];
  /** What stands in some of them instead of what is in the folder. */
  readonly texts?: ReadonlyMap<string, string>;
}

/** Tensors that are put in another order before they are merged. */
export interface RearrangedTensors {
  /** Of the order, for the key of the merge. */
  readonly digest: string;
  /** Rows of the result. */
  readonly tokens: number;
  readonly bytes: number;
  /** Writes them into a folder; before that they cannot be read. Errors: `DISK_FULL`. */
  readonly write: (folder: string, options: CallOptions) => Promise<void>;
}

/** Everything that is known of one merge before the first tensor is read; only headers have been. */
export interface MergePlan {
  readonly method: Pick<MethodInfo, 'id' | 'summary' | 'paper'>;
  readonly mode: TensorContext['mode'];
  /** Seed of every random number. */
  readonly seed: bigint;
  /** The models to merge, in order. */
  readonly models: readonly PlannedInput[];
  readonly base: PlannedInput | undefined;
  /** In the order of the files. */
  readonly tensors: readonly PlannedTensor[];
  readonly shards: ShardPlan;
  /** Tensors of the result that are made here instead of being merged, by name; the shards have them too. */
  readonly computed?: ReadonlyMap<string, Real> | undefined;
  /** The result's `config.json`. */
  readonly config: ModelConfig;
  /** Whose tokenizer and other files the result has. */
  readonly donor: Pick<Model, 'directory' | 'carriedFiles'>;
  readonly tokenizer?: TokenizerFiles | undefined;
  readonly chatTemplate?: string | undefined;
  /** Embeddings whose rows are put in the order of the result's tokens. */
  readonly rearranged?: RearrangedTensors | undefined;
  /** Copying is what the request asks for, so a result that equals its inputs is no mistake. */
  readonly copies: boolean;
  /** Tensors that the base lacks and that are left out. */
  readonly leftOut: readonly string[];
  /** What the request says and the method has no use for. */
  readonly notes: readonly string[];
}
