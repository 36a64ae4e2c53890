import type { SafetensorsFile } from '../checkpoint/safetensors-file.js';
import type { SafetensorsWriter } from '../checkpoint/safetensors-writer.js';
import { addon } from '../native/addon.js';
import { type CallOptions, call } from '../native/call.js';
import { fromNative } from '../native/native-error.js';
import type { MergeStep } from './merge-step.js';
import type { NativeDifference, NativeMerge, NativeMergeReport } from './native-merge.js';

/** A low-rank pair folded into a tensor as it is read; rows and columns are the tensor's. */
export interface MergePair {
  readonly rows: number;
  readonly columns: number;
  readonly rank: number;
  readonly scale: number;
  readonly a: Float32Array;
  readonly b: Float32Array;
}

/** A tensor of one model. */
export interface MergeSource {
  readonly file: SafetensorsFile;
  readonly name: string;
  readonly pairs: readonly MergePair[];
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

/** Where the rows of a tensor come from. */
export interface RowPicks {
  /** For each row the position of its first pick, and the number of picks at the end: a row without picks is zero. */
  readonly starts: Uint32Array;
  /** Pairs of a source and a row of it; of several for one row the mean is taken. */
  readonly picks: Uint32Array;
  /** Rows after these that are the mean of all of them. */
  readonly padding: number;
}

/** Norms are of the values as they are stored; `differences` are in the order of the tensors. A model of `undefined` is the base. */
export type MergeReport = NativeMergeReport;
export type TensorDifference = NativeDifference;

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

  private source({ file, name, pairs }: MergeSource): object {
    return {
      file: remember(this.files, file, (f) => this.native.addFile(f.native)),
      tensor: name,
      pairs: pairs.map((pair) =>
        remember(this.pairs, pair, (p) => this.native.addPair(p.a, p.b, p, p.scale)),
      ),
    };
  }

  private describe(tensor: MergeTensor, writer: number | null): void {
    try {
      const description = {
        name: tensor.name,
        models: tensor.models.map((model) => this.source(model)),
        base: tensor.base === undefined ? null : this.source(tensor.base),
        writer,
        steps: tensor.steps,
        seed: String(tensor.seed ?? 0n),
      };
      this.native.addTensor(JSON.stringify(description));
    } catch (error) {
      throw fromNative(error, `tensor ${tensor.name}`);
    }
  }

  /**
   * Writes a tensor whose rows (first dimension) come from rows of others, a few in memory at a time; a mean is taken in f32 (f64 where
   * a tensor is stored so) and rounded once. Errors: `SHAPE_MISMATCH`; `OUT_OF_RANGE` for a row that no source has.
   */
  static async gatherRows(
    name: string,
    sources: readonly MergeSource[],
    { starts, picks, padding }: RowPicks,
    writer: SafetensorsWriter,
    options: CallOptions = {},
  ): Promise<void> {
    const job = new MergeJob();
    const description = JSON.stringify({
      name,
      sources: sources.map((source) => job.source(source)),
      writer: job.native.addWriter(writer.native),
    });
    await call(`tensor ${name}`, options, (task) =>
      job.native.gather(task, description, starts, picks, padding),
    );
  }

  /** Merges one tensor in f32 without storing it. */
  static async toMemory(tensor: MergeTensor, options: CallOptions = {}): Promise<Float32Array> {
    const job = new MergeJob();
    job.describe(tensor, null);
    return call(`tensor ${tensor.name}`, options, (task) => job.native.runToMemory(task));
  }
}

function remember<K>(known: Map<K, number>, key: K, add: (key: K) => number): number {
  const index = known.get(key) ?? add(key);
  known.set(key, index);
  return index;
}
