import * as tf from '@tensorflow/tfjs-core';

/** Inputs of a fused kernel by name; an optional one that is absent has no key. */
export type Inputs = Readonly<Record<string, tf.Tensor>>;
export type Attributes = Readonly<Record<string, number | boolean>>;

/** Computes the gradient of an input. */
export interface InputGradient {
  (): tf.Tensor;
  /** The same, added to a gradient that is there already, in one pass over memory. Leaves `before` as it is. */
  readonly onto?: (before: tf.Tensor) => tf.Tensor;
  /** The same, times the slope of GELU at `at`: the gradient of what an input gelu(at) was made of, in one pass over memory. */
  readonly throughGelu?: (at: tf.Tensor, before?: tf.Tensor) => tf.Tensor;
}

/** The gradient of each input by name, computed only when asked for. */
export type Gradients = Record<string, InputGradient>;

/** A gradient that can be added to another while it is computed; without `before` it is the gradient alone. */
export function accumulating(gradient: (before?: tf.Tensor) => tf.Tensor): InputGradient {
  return Object.assign(() => gradient(), { onto: (before: tf.Tensor) => gradient(before) });
}

/** As `accumulating`, of a gradient that can go on through GELU. */
export function accumulatingThrough(
  gradient: (before?: tf.Tensor, slopeAt?: tf.Tensor) => tf.Tensor,
): InputGradient {
  return Object.assign(accumulating(gradient), {
    throughGelu: (at: tf.Tensor, before?: tf.Tensor) => gradient(before, at),
  });
}

/** An operation that is one kernel where a backend has it, and stock operations elsewhere. */
export interface FusedKernel {
  readonly name: string;
  /** The same result by stock operations. */
  readonly composed: (inputs: Inputs, attributes: Attributes) => tf.Tensor | tf.Tensor[];
  /**
   * `saved` are the inputs that are named in `save`, in that order, and behind them the results that `saveOutputs` says true of; without a
   * gradient the result is a constant. Of several results dy is a list.
   */
  readonly gradient?: {
    readonly save: readonly string[];
    readonly saveOutputs?: readonly boolean[];
    readonly of: (dy: tf.Tensor, saved: readonly tf.Tensor[], attributes: Attributes) => Gradients;
  };
}

/** Registers each kernel's composition, for a backend that has not got the kernel itself, and its gradient. */
export function registerFused(kernels: readonly FusedKernel[], backendName: string): void {
  for (const kernel of kernels) {
    registerGradient(kernel);
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- tf.js's type leaves out that there may be none
    if (tf.getKernel(kernel.name, backendName) !== undefined) continue;
    tf.registerKernel({
      kernelName: kernel.name,
      backendName,
      kernelFunc: ({ inputs, attrs }) =>
        tf.tidy(() => kernel.composed(inputs as Inputs, (attrs ?? {}) as Attributes)),
    });
  }
}

function registerGradient({ name, gradient }: FusedKernel): void {
  if (gradient === undefined) return;
  tf.registerGradient({
    kernelName: name,
    inputsToSave: [...gradient.save],
    ...(gradient.saveOutputs === undefined ? {} : { outputsToSave: [...gradient.saveOutputs] }),
    gradFunc: (dy, saved, attributes) => gradient.of(dy as tf.Tensor, saved, attributes as Attributes),
  });
}

/** Runs a fused kernel on the current backend, recording it for gradients. */
export function runFused(kernel: FusedKernel, inputs: Inputs, attributes: Attributes = {}): tf.Tensor {
  return tf.engine().runKernel(kernel.name, { ...inputs }, { ...attributes });
}

/** As `runFused`, for a kernel of several results. */
export function runFusedList(kernel: FusedKernel, inputs: Inputs, attributes: Attributes = {}): tf.Tensor[] {
  return tf.engine().runKernel(kernel.name, { ...inputs }, { ...attributes });
}

/** The input of that name; every kernel has checked its inputs before it runs. */
export function input(inputs: Inputs, name: string): tf.Tensor {
  const found = inputs[name];
  if (found === undefined) throw new Error(`a fused kernel misses its input ${name}`);
  return found;
}

/** `sum` with the input of that name, if it is there. */
export function plus(sum: tf.Tensor, inputs: Inputs, name: string): tf.Tensor {
  const other = inputs[name];
  return other === undefined ? sum : tf.add(sum, other);
}

/** Those of a kernel's inputs that are there. */
export function given(inputs: Readonly<Record<string, tf.Tensor | undefined>>): Inputs {
  return Object.fromEntries(Object.entries(inputs).filter(([, tensor]) => tensor !== undefined)) as Inputs;
}

/** A tensor seen as a matrix: all axes but the last are rows. */
export function asRows(x: tf.Tensor): tf.Tensor2D {
  return tf.reshape(x, [-1, x.shape[x.rank - 1] ?? 1]);
}
