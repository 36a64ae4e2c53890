import { tf } from '@eigenloom/engine';
import type { Batch } from './batch.js';
import { classifierLogits, type ClassifierHead } from './classifier-head.js';
import type { ForwardOptions } from './forward/forward-pass.js';
import { filledRows } from './forward/row-layout.js';
import type { Network } from './network.js';

export interface CaptureOptions extends Pick<ForwardOptions, 'adapters'> {
  /** Goes on through this head, whose modules see one row for each text. */
  readonly head?: ClassifierHead | undefined;
}

/** What went into linear modules that share one input. */
export interface LinearInput {
  /** Module paths: names of the weights without `.weight`. */
  readonly modules: readonly string[];
  /** [tokens, width], row-major, without padding; [texts, width] in a head. Belongs to the receiver. */
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
  { head, ...options }: CaptureOptions = {},
): void {
  // What has no padding is taken whole.
  const padded = batch.kind === 'tokens' ? batch : undefined;
  const rows = padded === undefined ? undefined : filledRows(padded);
  tf.tidy(() => {
    const forward: ForwardOptions = {
      ...options,
      onLinearInput(modules, input) {
        const [height, width] = input.shape;
        // A head reads one row for each text; where texts have one token each, all rows are tokens.
        const kept =
          rows !== undefined && height === padded?.ids.length
            ? rows
            : Int32Array.from({ length: height }, (_, row) => row);
        const values = gatherRows(input.dataSync(), kept, width);
        onInput({ modules, values, tokens: kept.length, width });
      },
    };
    if (head === undefined) network.encode(batch, forward);
    else classifierLogits(network, head, batch, forward);
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
