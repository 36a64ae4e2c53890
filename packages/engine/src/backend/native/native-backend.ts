import * as tf from '@tensorflow/tfjs-core';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { kernels } from '@eigenloom/numeric';
import type { AdamBackend, AdamOptions, AdamState } from '../../ops/adam.js';
import type { NormBackend } from '../../ops/global-norm.js';
import { silence } from '../cpu.js';
import type { FreezingBackend, FrozenFormat } from '../frozen.js';
import type { Precision, PrecisionBackend } from '../precision.js';
import { NONE, sizeOf } from './arrays.js';
import { BufferPool, type PoolUse } from './buffer-pool.js';
import { FrozenValues } from './frozen-values.js';

/** Kernels run on the Rust core; what it has not got runs in the stock CPU backend on the same arrays. */
export class NativeBackend
  extends MathBackendCPU
  implements AdamBackend, NormBackend, PrecisionBackend, FreezingBackend
{
  precision: Precision = 'f32';
  // Arrays that nothing but one entry of `data` refers to, which may therefore be written in place.
  readonly #owned = new WeakSet();
  readonly #pool = new BufferPool();

  constructor() {
    super();
    silence(this);
  }

  freeze(
    values: Float32Array,
    shape: readonly number[],
    format: Exclude<FrozenFormat, 'f32'>,
  ): tf.TensorInfo {
    // tf.js asks nothing of the values but to be handed back.
    const held: unknown = new FrozenValues(values, format);
    return this.makeTensorInfo([...shape], 'float32', held as Float32Array);
  }

  /** What a tensor is held as, if it is frozen. */
  frozen(tensor: tf.TensorInfo): FrozenValues | undefined {
    const values: unknown = this.data.get(tensor.dataId).values;
    return values instanceof FrozenValues ? values : undefined;
  }

  /** The elements of a tensor as f32, where they lie if they are. */
  floats(tensor: tf.TensorInfo): Float32Array {
    const values: unknown = this.data.get(tensor.dataId).values;
    if (values instanceof FrozenValues) return values.expand();
    return values instanceof Float32Array ? values : Float32Array.from(values as ArrayLike<number>);
  }

  integers(tensor: tf.TensorInfo): Int32Array {
    const values: unknown = this.data.get(tensor.dataId).values;
    return values instanceof Int32Array ? values : Int32Array.from(values as ArrayLike<number>);
  }

  /** A tensor of `shape` for `fill` to write whole: the array holds anything at first. */
  output(shape: readonly number[], fill: (out: Float32Array) => void): tf.TensorInfo {
    return this.outputs([shape], ([out = NONE]) => {
      fill(out);
    })[0] as tf.TensorInfo;
  }

  /** As `output`, of several. */
  outputs(
    shapes: readonly (readonly number[])[],
    fill: (outs: readonly Float32Array[]) => void,
  ): tf.TensorInfo[] {
    const outs = shapes.map((shape) => this.#pool.take(sizeOf(shape)));
    try {
      fill(outs);
    } catch (error) {
      for (const out of outs) this.#pool.give(out);
      throw error;
    }
    return outs.map((out, index) => {
      this.#owned.add(out);
      return this.makeTensorInfo([...(shapes[index] ?? [])], 'float32', out);
    });
  }

  /** A complex tensor of two parts, each an entry of the data that it counts a reference of. */
  complexOf(real: tf.TensorInfo, imag: tf.TensorInfo): tf.TensorInfo {
    const whole = this.makeTensorInfo(real.shape, 'complex64');
    for (const { dataId } of [real, imag]) this.incRef(dataId);
    this.data.get(whole.dataId).complexTensorInfos = { real: { ...real }, imag: { ...imag } };
    return whole;
  }

  /** The parts of a complex tensor, in its shape. */
  partsOf({ dataId, shape }: tf.TensorInfo): { readonly real: tf.TensorInfo; readonly imag: tf.TensorInfo } {
    const parts = this.data.get(dataId).complexTensorInfos;
    if (parts === undefined) throw new Error('a complex tensor has two parts');
    const part = (of: tf.TensorInfo): tf.TensorInfo => ({ ...of, shape: [...shape] });
    return { real: part(parts.real), imag: part(parts.imag) };
  }

  /** Notes that the results of a stock kernel may be views of its inputs. */
  shareViews(inputs: readonly tf.TensorInfo[], results: readonly tf.TensorInfo[]): void {
    const made = results.flatMap((result) => this.#entriesOf(result.dataId));
    for (const dataId of inputs.flatMap((input) => this.#entriesOf(input.dataId))) {
      const buffer = bufferOf(this.data.get(dataId).values);
      const isShared = made.some((id) => id !== dataId && bufferOf(this.data.get(id).values) === buffer);
      if (isShared) this.#release(this.data.get(dataId).values);
    }
  }

  /** The entries that hold the elements of a tensor: its own, or those of a complex one's parts. */
  #entriesOf(dataId: tf.DataId): readonly tf.DataId[] {
    const parts = this.data.get(dataId).complexTensorInfos;
    return parts === undefined ? [dataId] : [parts.real.dataId, parts.imag.dataId];
  }

  /** Memory of this backend's tensors. */
  get poolUse(): PoolUse {
    return this.#pool.use;
  }

  override disposeData(dataId: tf.DataId, force?: boolean): boolean {
    const entry = this.data.has(dataId) ? this.data.get(dataId) : undefined;
    const values: unknown = entry?.values;
    const parts = entry?.complexTensorInfos;
    if (entry !== undefined && parts !== undefined && (force === true || entry.refCount <= 1)) {
      // The stock backend would take the parts from other tensors that have them.
      delete entry.complexTensorInfos;
      this.disposeData(parts.real.dataId);
      this.disposeData(parts.imag.dataId);
    }
    const isGone = super.disposeData(dataId, force);
    if (isGone && values instanceof Float32Array && this.#owned.delete(values)) this.#pool.give(values);
    return isGone;
  }

  override readSync(dataId: tf.DataId): tf.backend_util.BackendValues {
    const held: unknown = this.data.get(dataId).values;
    if (held instanceof FrozenValues) return held.expand();
    const values = super.readSync(dataId);
    this.#release(values);
    return values;
  }

  /** Leaves an array to others that hold it from now on. */
  #release(values: unknown): void {
    if (values instanceof Float32Array && this.#owned.delete(values)) this.#pool.forget(values);
  }

  adamInPlace(state: AdamState, gradient: tf.Tensor, options: AdamOptions, step: number): void {
    const { learningRate, beta1, beta2, epsilon, weightDecay } = options;
    const [parameter, m, v] = [state.parameter, state.m, state.v].map((variable) => this.#writable(variable));
    if (parameter === undefined || m === undefined || v === undefined) return;
    const factors = Float64Array.of(
      beta1,
      beta2,
      1 - beta1,
      1 - beta2,
      epsilon,
      learningRate / (1 - beta1 ** step),
      1 / (1 - beta2 ** step),
      1 - learningRate * weightDecay,
      options.gradientScale ?? 1,
    );
    kernels().kernelAdam(parameter, m, v, this.floats(gradient), factors);
  }

  sumOfSquares(tensor: tf.Tensor): number {
    return kernels().kernelSumOfSquares(this.floats(tensor));
  }

  /** The array of a variable, replaced by a copy if anything else refers to it. */
  #writable(variable: tf.Variable): Float32Array {
    const values = this.floats(variable);
    if (this.#owned.has(values) && this.refCount(variable.dataId) === 1) return values;
    const copy = this.output(variable.shape, (out) => {
      out.set(values);
    });
    const tensor = tf.engine().makeTensorFromTensorInfo(copy);
    variable.assign(tensor);
    tensor.dispose();
    return this.floats(variable);
  }
}

const bufferOf = (values: unknown): unknown => (ArrayBuffer.isView(values) ? values.buffer : values);
