/** Elements of a tensor of that shape. */
export const sizeOf = (shape: readonly number[]): number =>
  shape.reduce((product, size) => product * size, 1);

/** Stands for an input that is not there. */
export const NONE = new Float32Array(0);
