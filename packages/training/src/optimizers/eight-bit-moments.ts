import { tf } from '@eigenloom/engine';
import { blocksOf, type DynamicCode, fromBytes, SIGNED, toBytes, UNSIGNED } from './dynamic-bytes.js';
import type { SlotSpec, Slots } from './optimizer-rule.js';

/** Slots of moments of a shape, in bytes and the scales of their blocks. */
export function eightBitSlots(shape: readonly number[]): SlotSpec[] {
  const blocks = blocksOf(shape.reduce((product, size) => product * size, 1));
  return ['m', 'v'].flatMap((name): SlotSpec[] => [
    { name, shape, dtype: 'uint8' },
    { name: `${name}_scale`, shape: [blocks], dtype: 'float32' },
  ]);
}

/** Opens Adam's moments for a step, in f32, and keeps in bytes what the step makes of them; v, of squares, has no sign. */
export async function withEightBitMoments(
  slots: Slots,
  shape: readonly number[],
  step: (m: tf.Variable, v: tf.Variable) => void,
): Promise<void> {
  const [m, v] = [await opened(slots, shape, 'm', SIGNED), await opened(slots, shape, 'v', UNSIGNED)];
  try {
    step(m, v);
    await keep(slots, m, 'm', SIGNED);
    await keep(slots, v, 'v', UNSIGNED);
  } finally {
    tf.dispose([m, v]);
  }
}

async function opened(
  slots: Slots,
  shape: readonly number[],
  name: string,
  code: DynamicCode,
): Promise<tf.Variable> {
  const scales = (await slots.tensor(`${name}_scale`).data()) as Float32Array;
  const values = fromBytes(slots.bytes(name), scales, code);
  return tf.tidy(() => tf.variable(tf.tensor(values, [...shape]), false));
}

async function keep(slots: Slots, moment: tf.Variable, name: string, code: DynamicCode): Promise<void> {
  const scales = toBytes((await moment.data()) as Float32Array, code, slots.bytes(name));
  tf.tidy(() => {
    slots.tensor(`${name}_scale`).assign(tf.tensor1d(scales));
  });
}
