import { tf } from '@eigenloom/engine';

import type { Hooks } from '../parametrisation.js';
import { type PrefixPart, widthOf } from './spec.js';

/** Attention over [P_K; K] and [P_V; V], the same P for every text of a batch. arXiv:2101.00190, section 4.2. */
export const hooksOf = (tokens: number): Hooks<PrefixPart> => ({
  attention: (site, tensors) => {
    const width = widthOf(site);
    // All attentions of a family have one width, so an attention's place in the tensor follows from its number.
    const prefix = (which: 0 | 1, texts: number): tf.Tensor4D => {
      const from = (2 * site.index + which) * width;
      const own = tf.slice2d(tensors('prompt_embeddings') as tf.Tensor2D, [0, from], [tokens, width]);
      const byHead = tf.reshape<tf.Rank.R4>(own, [1, tokens, site.keyValueHeads, site.headSize]);
      return tf.tile(byHead, [texts, 1, 1, 1]);
    };
    return ({ q, k, v }, attend) => {
      const [texts] = q.shape;
      return attend({ q, k: tf.concat([prefix(0, texts), k], 1), v: tf.concat([prefix(1, texts), v], 1) });
    };
  },
});
