import { internal } from '@eigenloom/errors';
import {
  type CallOptions,
  type Dtype,
  SafetensorsFile,
  SafetensorsWriter,
  type TensorPlan,
} from '@eigenloom/numeric';

/** What is heard of after each tensor that is written. */
export interface DenseWriteOptions extends CallOptions {
  readonly onTensor?: ((done: number, all: number) => void) | undefined;
}

/**
 * The tensors of a model that adapters change by more than low-rank pairs. The Rust core streams them from a file, which has to be written
 * once; whoever only calls `read` needs none.
 */
export interface DenseTensors {
  /** As they are written: in F64 what is stored so, in F32 everything else. In order of name. */
  readonly plans: readonly TensorPlan[];
  /** The file that they come from; undefined before `open`. */
  readonly path: string | undefined;
  /**
   * Writes them, one at a time in memory: folded in float64 and rounded once. NaN and infinity are written too. Returns the SHA-256 of the
   * file, lower-case hex. Errors: `DISK_FULL`.
   */
  write(path: string, options?: DenseWriteOptions): Promise<string>;
  /** From now on `source`, and `read` where it gives the same numbers, take them from a file that `write` made. */
  open(path: string, options?: CallOptions): Promise<void>;
}

/** Folds one tensor in float64. */
type FoldTensor = (name: string, options: CallOptions) => Promise<Float64Array>;

/** `DenseTensors` of some tensors, given by name with what they are stored as. */
export class DenseFile implements DenseTensors {
  readonly plans: readonly TensorPlan[];
  private readonly byName: ReadonlyMap<string, TensorPlan>;
  private file: SafetensorsFile | undefined;

  constructor(
    stored: readonly TensorPlan[],
    private readonly fold: FoldTensor,
  ) {
    const dtypeOf = ({ dtype }: TensorPlan): Dtype => (dtype === 'F64' ? 'F64' : 'F32');
    this.plans = stored
      .map((plan) => ({ name: plan.name, dtype: dtypeOf(plan), shape: plan.shape }))
      .sort(({ name: x }, { name: y }) => (x < y ? -1 : 1));
    this.byName = new Map(this.plans.map((plan) => [plan.name, plan]));
  }

  get path(): string | undefined {
    return this.file?.path;
  }

  /** The open file, where it has a tensor in no less than this precision. */
  holding(name: string, as: 'f32' | 'f64'): SafetensorsFile | undefined {
    const plan = this.byName.get(name);
    return plan !== undefined && (as === 'f32' || plan.dtype === 'F64') ? this.file : undefined;
  }

  /** The file that a tensor is streamed from. Errors: internal, before `open`. */
  streamed(name: string): SafetensorsFile {
    if (this.file !== undefined) return this.file;
    throw internal('NOT_FOLDED', `tensor ${JSON.stringify(name)} is streamed before its adapters are folded`);
  }

  async write(path: string, { onTensor, ...options }: DenseWriteOptions = {}): Promise<string> {
    const { plans } = this;
    // What is not finite comes from the inputs; whoever reads the file names them.
    const allowed = { ...options, allowNonFinite: true };
    const writer = await SafetensorsWriter.create(path, plans, { format: 'pt' }, allowed);
    try {
      for (const [done, { name }] of plans.entries()) {
        await writer.write(name, await this.fold(name, options), options);
        onTensor?.(done + 1, plans.length);
      }
      return await writer.finish(options);
    } catch (error) {
      writer.discard();
      throw error;
    }
  }

  async open(path: string, options: CallOptions = {}): Promise<void> {
    const file = await SafetensorsFile.open(path, options);
    const other = this.plans.find(({ name, dtype, shape }) => {
      const found = file.tensors.get(name);
      return found?.dtype !== dtype || found.shape.join() !== shape.join();
    });
    if (other !== undefined)
      throw internal('NOT_FOLDED', `${file.file} has no folded ${JSON.stringify(other.name)}`);
    this.file = file;
  }
}
