import { tf } from '@eigenloom/engine';
import type { ForwardOptions } from './forward/forward-pass.js';
import type { Network } from './network.js';
import { tokenRows, type Batch } from './tokens/batch.js';

/** What went into linear modules that share one input. */
export interface LinearInput {
  /** Module paths: names of the weights without `.weight`. */
  readonly modules: readonly string[];
  /** [tokens, width], row-major, without padding. Belongs to the receiver. */
  readonly values: Float32Array;
  readonly tokens: number;
  readonly width: number;
}

/**
 * Runs the layers on a batch and hands over the input of every group of linear modules, in the order of the forward pass.
 * Nothing else is kept: at most one captured input exists at a time unless the receiver keeps them.
 */
export function captureLinearInputs(
  network: Network,
  batch: Batch,
  onInput: (input: LinearInput) => void,
  options: Pick<ForwardOptions, 'adapters'> = {},
): void {
  const rows = tokenRows(batch);
  tf.tidy(() => {
    network.encode(batch, {
      ...options,
      onLinearInput(modules, input) {
        const width = input.shape[1];
        const values = gatherRows(input.dataSync(), rows, width);
        onInput({ modules, values, tokens: rows.length, width });
      },
    });
  });
}

function gatherRows(
  source: Float32Array | Int32Array | Uint8Array,
  rows: Int32Array,
  width: number,
): Float32Array {
  const out = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    out.set(source.subarray(row * width, (row + 1) * width), i * width);
  });
  return out;
}
