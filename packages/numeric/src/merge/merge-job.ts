import type { SafetensorsFile } from '../checkpoint/safetensors-file.js';
import type { SafetensorsWriter } from '../checkpoint/safetensors-writer.js';
import { addon } from '../native/addon.js';
import { type CallOptions, call } from '../native/call.js';
import { fromNative } from '../native/native-error.js';
import type { MaskNeeds, MergeStep } from './merge-step.js';
import type { NativeMasks, NativeMerge, NativeMergeReport } from './native-merge.js';

/** A low-rank pair folded into a tensor as it is read; rows and columns are the tensor's. */
export interface MergePair {
  readonly rows: number;
  readonly columns: number;
  readonly rank: number;
  readonly scale: number;
  readonly a: Float32Array;
  readonly b: Float32Array;
}

/** A tensor with what was measured on a model's own data: `fisher_mean` and `regmean` weigh by it. F32. */
export interface MergeStatistic {
  readonly file: SafetensorsFile;
  readonly name: string;
}

/** A tensor of one model. */
export interface MergeSource {
  readonly file: SafetensorsFile;
  readonly name: string;
  readonly pairs: readonly MergePair[];
  readonly statistic?: MergeStatistic | undefined;
}

/** One tensor of the result. */
export interface MergeTensor {
  readonly name: string;
  /** In order; at least one. */
  readonly models: readonly MergeSource[];
  /** What the steps subtract and add, and what the report compares with; without it that is the first model. */
  readonly base?: MergeSource | undefined;
  /** Empty for tensors that are not floating-point numbers: the inputs must agree then. */
  readonly steps: readonly MergeStep[];
  /** Seed of the random numbers of the steps; they also depend on the tensor's name, the model's position and the element. Default 0. */
  readonly seed?: bigint | undefined;
}

/** Norms are of the values as they are stored. A model of `undefined` is the base. */
export type MergeReport = NativeMergeReport;

/**
 * For each model a mask of one tensor, a bit an element, the first in the highest bit of a byte; Σ|x| of the model, and Σ|m| of what was
 * merged over the elements of its mask.
 */
export type MergeMasks = NativeMasks;

/**
 * A merge of many tensors in one streamed pass: read, convert, merge, convert, write, in parallel; arithmetic in f32 (f64 where a
 * tensor is stored so), one rounding at the end. The bytes do not depend on threads or shards.
 */
export class MergeJob {
  private readonly native: NativeMerge;
  private readonly files = new Map<SafetensorsFile, number>();
  private readonly pairs = new Map<MergePair, number>();
  private readonly writers = new Map<SafetensorsWriter, number>();

  constructor() {
    this.native = new (addon().NativeMerge)();
  }

  /** Adds a tensor that goes to a writer. Tensors are merged in the order added. Errors: `SHAPE_MISMATCH`. */
  add(tensor: MergeTensor, writer: SafetensorsWriter): void {
    this.describe(
      tensor,
      remember(this.writers, writer, (w) => this.native.addWriter(w.native)),
    );
  }

  /**
   * Merges. Without `allowNonFinite` it stops soon after it meets NaN or infinity, and always after integer tensors that
   * differ; the report lists them, and the files are then incomplete.
   */
  async run(options: CallOptions & { readonly allowNonFinite?: boolean } = {}): Promise<MergeReport> {
    return call('merge', options, (task) => this.native.run(task, options.allowNonFinite ?? false));
  }

  private describe(tensor: MergeTensor, writer: number | null): void {
    const stored = (file: SafetensorsFile, name: string): object => ({
      file: remember(this.files, file, (f) => this.native.addFile(f.native)),
      tensor: name,
    });
    const source = ({ file, name, pairs, statistic }: MergeSource): object => ({
      ...stored(file, name),
      statistic: statistic === undefined ? null : stored(statistic.file, statistic.name),
      pairs: pairs.map((pair) =>
        remember(this.pairs, pair, (p) => this.native.addPair(p.a, p.b, p, p.scale)),
      ),
    });
    try {
      const description = {
        name: tensor.name,
        models: tensor.models.map(source),
        base: tensor.base === undefined ? null : source(tensor.base),
        writer,
        steps: tensor.steps,
        seed: String(tensor.seed ?? 0n),
      };
      this.native.addTensor(JSON.stringify(description));
    } catch (error) {
      throw fromNative(error, `tensor ${tensor.name}`);
    }
  }

  /** Merges one tensor in f32 without storing it. */
  static async toMemory(tensor: MergeTensor, options: CallOptions = {}): Promise<Float32Array> {
    const job = new MergeJob();
    job.describe(tensor, null);
    return call(`tensor ${tensor.name}`, options, (task) => job.native.runToMemory(task));
  }

  /**
   * The elements of what the steps make that each model needs: x are the models before the step at the position `before`, m is the result.
   */
  static async masks(
    tensor: MergeTensor,
    before: number,
    needs: MaskNeeds,
    options: CallOptions = {},
  ): Promise<MergeMasks> {
    const job = new MergeJob();
    job.describe(tensor, null);
    return call(`tensor ${tensor.name}`, options, (task) =>
      job.native.runMasks(task, before, JSON.stringify(needs)),
    );
  }
}

function remember<K>(known: Map<K, number>, key: K, add: (key: K) => number): number {
  const index = known.get(key) ?? add(key);
  known.set(key, index);
  return index;
}
