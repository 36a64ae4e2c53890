import type { SafetensorsFile } from '../checkpoint/safetensors-file.js';
import type { SafetensorsWriter } from '../checkpoint/safetensors-writer.js';
import { addon } from '../native/addon.js';
import { type CallOptions, call } from '../native/call.js';
import { fromNative } from '../native/native-error.js';
import type { GatherDescription, SourceDescription, TensorDescription } from './merge-description.js';
import type { MaskNeeds, MergeStep } from './merge-step.js';
import type {
  NativeDifference,
  NativeInterference,
  NativeMasks,
  NativeMerge,
  NativeMergeReport,
} from './native-merge.js';

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
  /** Arithmetic in f64 whatever is stored. Default false. */
  readonly wide?: boolean | undefined;
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
 * How task vectors interfere in one tensor. Elements that any changed, and those that one raised and another lowered: of all, and of
 * the supports (`kept…`). Dot products of the task vectors, and elements in both supports, by pairs (0, 0), (0, 1), …, (1, 1), ….
 */
export type Interference = NativeInterference;

/**
 * For each model a mask of one tensor, a bit an element, the first in the highest bit of a byte; Σ|x| of the model, and Σ|m| of what was
 * merged over the elements of its mask.
 */
export type MergeMasks = NativeMasks;

/**
 * A merge of many tensors in streamed runs, one or more: read, convert, merge, convert, write, in parallel; arithmetic in f32 (f64 where a
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
   * The SHA-256 of these files is taken on the way, from what the runs that follow read of them, so that nothing is read twice.
   * `digests` has them.
   */
  hash(files: readonly SafetensorsFile[]): void {
    this.native.hashFiles(files.map((file) => this.indexOf(file)));
  }

  /** The digests of the files to hash, in order, lower-case hex; reads what no run has. */
  async digests(options: CallOptions = {}): Promise<string[]> {
    return call('merge', options, (task) => this.native.finishDigests(task));
  }

  /**
   * Merges what has been added since the last run. Without `allowNonFinite` it stops soon after it meets NaN or infinity, and always
   * after integer tensors that differ; the report lists them, and the files are then incomplete.
   */
  async run(options: CallOptions & { readonly allowNonFinite?: boolean } = {}): Promise<MergeReport> {
    // The core lets go of its writers.
    this.writers.clear();
    return call('merge', options, (task) => this.native.run(task, options.allowNonFinite ?? false));
  }

  private indexOf(file: SafetensorsFile): number {
    return remember(this.files, file, (f) => this.native.addFile(f.native));
  }

  private source({ file, name, pairs, statistic }: MergeSource): SourceDescription {
    return {
      file: this.indexOf(file),
      tensor: name,
      statistic:
        statistic === undefined ? null : { file: this.indexOf(statistic.file), tensor: statistic.name },
      pairs: pairs.map((pair) =>
        remember(this.pairs, pair, (q) => this.native.addPair(q.a, q.b, q, q.scale)),
      ),
    };
  }

  private describe(tensor: MergeTensor, writer: number | null): void {
    try {
      const description: TensorDescription = {
        name: tensor.name,
        models: tensor.models.map((model) => this.source(model)),
        base: tensor.base === undefined ? null : this.source(tensor.base),
        writer,
        steps: tensor.steps,
        seed: String(tensor.seed ?? 0n),
        wide: tensor.wide ?? false,
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
    const description: GatherDescription = {
      name,
      sources: sources.map((source) => job.source(source)),
      writer: job.native.addWriter(writer.native),
    };
    await call(`tensor ${name}`, options, (task) =>
      job.native.gather(task, JSON.stringify(description), starts, picks, padding),
    );
  }

  /** Merges one tensor in f32 without storing it. */
  static async toMemory(tensor: MergeTensor, options: CallOptions = {}): Promise<Float32Array> {
    const job = new MergeJob();
    job.describe(tensor, null);
    return call(`tensor ${tensor.name}`, options, (task) => job.native.runToMemory(task));
  }

  /**
   * Compares the task vectors of a tensor's models, streamed. The support of a task vector is its `support` largest magnitudes, the earlier
   * of equal ones, without zeros. Dot products are in f64 and do not depend on threads. Errors: `SHAPE_MISMATCH`.
   */
  static async interference(
    tensor: Omit<MergeTensor, 'steps' | 'seed'>,
    support: number,
    options: CallOptions = {},
  ): Promise<Interference> {
    const job = new MergeJob();
    const steps: MergeStep[] = [
      { step: 'delta' },
      { step: 'keep_largest', counts: tensor.models.map(() => support) },
      // A program combines the models; nothing is read after the step before.
      { step: 'sum', divisor: 'one', weights: tensor.models.map(() => 1) },
    ];
    job.describe({ ...tensor, steps }, null);
    return call(`tensor ${tensor.name}`, options, (task) => job.native.interference(task));
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
