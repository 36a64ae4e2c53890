import { freeze, type FrozenFormat, tf } from '@eigenloom/engine';
import { incompatible, numericFailure } from '@eigenloom/errors';
import type { ModelSource } from '../model-source.js';
import type { ParameterSpec } from '../families/module-spec.js';

/** The weights of a network by their names in the checkpoint. */
export class Parameters {
  readonly #tensors = new Map<string, tf.Tensor>();

  get names(): readonly string[] {
    return [...this.#tensors.keys()];
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  find(name: string): tf.Tensor | undefined {
    return this.#tensors.get(name);
  }

  get(name: string): tf.Tensor {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) throw incompatible('TENSOR_MISSING', `the model has no tensor ${name}`);
    return tensor;
  }

  /** Takes over `tensor`; what had the name before is disposed of. */
  set(name: string, tensor: tf.Tensor): void {
    this.#tensors.get(name)?.dispose();
    this.#tensors.set(name, tf.keep(tensor));
  }

  /** Makes a weight trainable. Its gradient is computed from then on; those of plain tensors never are. */
  train(name: string): tf.Variable {
    const tensor = this.get(name);
    if (tensor instanceof tf.Variable) return tensor as tf.Variable;
    const variable: tf.Variable = tf.variable(tensor, true);
    this.#tensors.set(name, variable);
    tensor.dispose();
    return variable;
  }

  dispose(): void {
    for (const tensor of this.#tensors.values()) tensor.dispose();
    this.#tensors.clear();
  }
}

export interface LoadOptions {
  readonly signal?: AbortSignal | undefined;
  /** How the tensor of a name is held; f32 without it. */
  readonly formatOf?: (name: string) => FrozenFormat;
}

/** Reads the tensors that `specs` name, checking shapes and values. */
export async function loadParameters(
  source: ModelSource,
  specs: readonly ParameterSpec[],
  { signal, formatOf = () => 'f32' }: LoadOptions = {},
): Promise<Parameters> {
  const parameters = new Parameters();
  try {
    for (const { name, shape, optional } of specs) {
      const info = source.tensors.get(name);
      if (info === undefined && optional === true) continue;
      if (info === undefined) throw incompatible('TENSOR_MISSING', `the model has no tensor ${name}`);
      if (info.shape.length !== shape.length || info.shape.some((size, axis) => size !== shape[axis])) {
        throw incompatible(
          'SHAPE_MISMATCH',
          `tensor ${name} has shape [${info.shape.join(', ')}], config.json asks for [${shape.join(', ')}]`,
        );
      }
      const values = await source.read(name, 'f32', signal === undefined ? {} : { signal });
      signal?.throwIfAborted();
      requireFinite(name, values);
      parameters.set(name, freeze(values, shape, formatOf(name)));
    }
    return parameters;
  } catch (error) {
    parameters.dispose();
    throw error;
  }
}

function requireFinite(name: string, values: Float32Array): void {
  // A sum is not finite if any term is not; f64 cannot overflow over f32 terms.
  let sum = 0;
  for (const value of values) sum += value;
  if (!Number.isFinite(sum))
    throw numericFailure('NON_FINITE_TENSOR', `tensor ${name} has values that are not finite`);
}
