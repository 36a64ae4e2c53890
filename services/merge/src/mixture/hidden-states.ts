import { tf } from '@eigenloom/engine';
import { type Network, makeBatch } from '@eigenloom/models';

/** Which hidden state of a text stands for it. */
export type TextState = 'last' | 'average';

/**
 * What enters each layer, at the last token of a text or averaged over its tokens, and averaged over the texts: [layers·hidden] in f64.
 * The residual stream before the layer's norm, as transformers' `hidden_states` without the last.
 */
export function meanLayerInputs(
  network: Network,
  texts: readonly Int32Array[],
  state: TextState,
  onText: () => void,
): Float64Array {
  const { layerCount, hiddenSize } = network.config;
  const sum = new Float64Array(layerCount * hiddenSize);
  for (const ids of texts) {
    tf.tidy(() => {
      let layer = 0;
      network.encode(makeBatch([ids], network.config.padTokenId), {}, (hidden) => {
        // The last call is the output of the model.
        if (layer < layerCount)
          addState(sum.subarray(layer * hiddenSize, (layer + 1) * hiddenSize), hidden, state);
        layer += 1;
      });
    });
    onText();
  }
  return sum.map((value) => value / texts.length);
}

/** `hidden` is [tokens, hidden]. */
function addState(sum: Float64Array, hidden: tf.Tensor2D, state: TextState): void {
  const [tokens, width] = hidden.shape;
  const values = hidden.dataSync();
  const first = state === 'last' ? tokens - 1 : 0;
  for (let token = first; token < tokens; token += 1) {
    const share = 1 / (tokens - first);
    for (let i = 0; i < width; i += 1) sum[i] = (sum[i] ?? 0) + share * (values[token * width + i] ?? 0);
  }
}
