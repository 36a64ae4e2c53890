import { tf } from '@eigenloom/engine';
import type { TensorArray, TensorValues } from '../checkpoints/named-tensors.js';
import type { SlotSpec, Slots } from './optimizer-rule.js';

type Stored = tf.Variable | Uint8Array;

/** The slots of one parameter, and their way to and from checkpoints. */
export class SlotStore implements Slots {
  readonly #slots = new Map<string, { readonly spec: SlotSpec; readonly stored: Stored }>();

  constructor(specs: readonly SlotSpec[]) {
    for (const spec of specs) this.#slots.set(spec.name, { spec, stored: zeros(spec) });
  }

  /** Bytes of the state, as it is held. */
  get sizeBytes(): number {
    return [...this.#slots.values()].reduce(
      (sum, { stored }) =>
        sum +
        (stored instanceof Uint8Array
          ? stored.byteLength
          : stored.size * tf.util.bytesPerElement(stored.dtype)),
      0,
    );
  }

  tensor(name: string): tf.Variable {
    const stored = this.#slots.get(name)?.stored;
    if (stored instanceof tf.Variable) return stored;
    throw new Error(`no slot ${name} on the backend`);
  }

  bytes(name: string): Uint8Array {
    const stored = this.#slots.get(name)?.stored;
    if (stored instanceof Uint8Array) return stored;
    throw new Error(`no slot ${name} in memory`);
  }

  /** By slot; the arrays are copies. */
  async save(): Promise<Map<string, TensorValues<TensorArray>>> {
    const saved = new Map<string, TensorValues<TensorArray>>();
    for (const [name, { spec, stored }] of this.#slots) {
      const values = stored instanceof Uint8Array ? Uint8Array.from(stored) : await copyOf(stored);
      saved.set(name, { shape: spec.shape, values });
    }
    return saved;
  }

  /** Takes over what `save` gave; `find` gives a slot's values. */
  restore(find: (name: string) => TensorValues<TensorArray>): void {
    for (const [name, { stored }] of this.#slots) {
      const found = find(name);
      if (stored instanceof Uint8Array) stored.set(found.values as Uint8Array);
      else assign(stored, found);
    }
  }

  dispose(): void {
    for (const { stored } of this.#slots.values()) if (!(stored instanceof Uint8Array)) stored.dispose();
  }
}

const zeros = ({ shape, dtype }: SlotSpec): Stored =>
  dtype === 'uint8'
    ? new Uint8Array(shape.reduce((product, size) => product * size, 1))
    : tf.tidy(() => tf.variable(tf.zeros([...shape], dtype), false));

/** A copy of a tensor's values: native backends hand out, and go on writing, the array that a tensor lives in. */
export async function copyOf(tensor: tf.Tensor): Promise<Float32Array | Int32Array> {
  const values = await tensor.data();
  return tensor.dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values);
}

/** Gives a variable stored values of its own type and shape. */
export function assign(variable: tf.Variable, { shape, values }: TensorValues<TensorArray>): void {
  tf.tidy(() => {
    variable.assign(tf.tensor(values as Float32Array | Int32Array, [...shape], variable.dtype));
  });
}
