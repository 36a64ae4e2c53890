import type { PixelBatch } from '../batch.js';

/**
 * Squares of `patch` pixels, from the top left row by row, each as [channels, patch, patch]: [size·patches, channels·patch²]. Pixels that
 * fill no square are left out, as a convolution with that stride does.
 */
export function patchesOf(batch: PixelBatch, patch: number): Float32Array {
  const { values, size, channels, height, width } = batch;
  const [rows, columns] = [Math.floor(height / patch), Math.floor(width / patch)];
  const out = new Float32Array(size * rows * columns * channels * patch * patch);
  let at = 0;
  for (let image = 0; image < size; image++) {
    for (let square = 0; square < rows * columns; square++) {
      const top = Math.floor(square / columns) * patch;
      const left = (square % columns) * patch;
      for (let channel = 0; channel < channels; channel++) {
        for (let row = 0; row < patch; row++) {
          const from = ((image * channels + channel) * height + top + row) * width + left;
          out.set(values.subarray(from, from + patch), at);
          at += patch;
        }
      }
    }
  }
  return out;
}
