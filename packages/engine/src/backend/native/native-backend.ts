import * as tf from '@tensorflow/tfjs-core';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { kernels } from '@eigenloom/numeric';
import type { AdamBackend, AdamOptions, AdamState } from '../../ops/adam.js';
import type { NormBackend } from '../../ops/global-norm.js';
import { silence } from '../cpu.js';

/** Kernels run on the Rust core; what it has not got runs in the stock CPU backend on the same arrays. */
export class NativeBackend extends MathBackendCPU implements AdamBackend, NormBackend {
  // Arrays that nothing but one entry of `data` refers to, which may therefore be written in place.
  readonly #owned = new WeakSet();

  constructor() {
    super();
    silence(this);
  }

  /** The elements of a tensor as f32, where they lie if they are. */
  floats(tensor: tf.TensorInfo): Float32Array {
    const values: unknown = this.data.get(tensor.dataId).values;
    return values instanceof Float32Array ? values : Float32Array.from(values as ArrayLike<number>);
  }

  integers(tensor: tf.TensorInfo): Int32Array {
    const values: unknown = this.data.get(tensor.dataId).values;
    return values instanceof Int32Array ? values : Int32Array.from(values as ArrayLike<number>);
  }

  /** A tensor of `shape` for `fill` to write; zeros at first. */
  output(shape: readonly number[], fill: (out: Float32Array) => void): tf.TensorInfo {
    const out = new Float32Array(tf.util.sizeFromShape([...shape]));
    fill(out);
    return this.adopt(shape, out);
  }

  /** A tensor of an array that the caller gives up. */
  adopt(shape: readonly number[], values: Float32Array): tf.TensorInfo {
    this.#owned.add(values);
    return this.makeTensorInfo([...shape], 'float32', values);
  }

  /** Notes that others may hold the array of a tensor from now on. */
  share(tensor: tf.TensorInfo): void {
    const values: unknown = this.data.get(tensor.dataId).values;
    if (typeof values === 'object' && values !== null) this.#owned.delete(values);
  }

  override readSync(dataId: tf.DataId): tf.backend_util.BackendValues {
    const values = super.readSync(dataId);
    this.#owned.delete(values);
    return values;
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
