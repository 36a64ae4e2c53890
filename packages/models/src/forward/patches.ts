import { tf } from '@eigenloom/engine';
import type { PixelBatch } from '../batch.js';

/**
 * Squares of `patch` pixels, from the top left row by row, each as [channels, patch, patch]: [size·patches, channels·patch²]. Pixels that
 * fill no square are left out, as a convolution with that stride does.
 */
export function patchesOf(batch: PixelBatch, patch: number): tf.Tensor2D {
  const { values, size, channels, height, width } = batch;
  const [rows, columns] = [Math.floor(height / patch), Math.floor(width / patch)];
  const images = tf.tensor4d(values, [size, channels, height, width]);
  const whole = tf.slice4d(images, [0, 0, 0, 0], [size, channels, rows * patch, columns * patch]);
  const squares = tf.reshape(whole, [size, channels, rows, patch, columns, patch]);
  const inOrder = tf.transpose(squares, [0, 2, 4, 1, 3, 5]);
  return tf.reshape(inOrder, [size * rows * columns, channels * patch * patch]);
}
