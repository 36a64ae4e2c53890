import * as tf from '@tensorflow/tfjs-core';
import { incompatible } from '@eigenloom/errors';
import {
  input,
  runFused,
  runFusedList,
  type Attributes,
  type FusedKernel,
  type Inputs,
} from './fused-kernel.js';

export interface AttentionOptions {
  /** (batch, keys), 1 where a key may be attended to, 0 at padding. */
  readonly mask?: tf.Tensor | undefined;
  /** Query i sees the keys up to i + keys − queries. */
  readonly causal?: boolean | undefined;
  /** Factor of the scores; 1/√headDim unless set. */
  readonly scale?: number | undefined;
}

// Finite, so that a row without any key to see gives the mean of all values instead of NaN.
const MASKED = -1e9;

const byHead = (x: tf.Tensor): tf.Tensor4D => tf.transpose(x as tf.Tensor4D, [0, 2, 1, 3]);

/** Key or value heads repeated to one per query head: (b, t, kvHeads, d) → (b, heads, t, d). */
function expand(x: tf.Tensor, heads: number): tf.Tensor4D {
  const [batch, length, kvHeads, width] = (x as tf.Tensor4D).shape;
  const repeat = heads / kvHeads;
  const separate = byHead(x);
  if (repeat === 1) return separate;
  // Of rank 4: tf.js tiles tensors of rank 5 on the CPU, whatever the backend.
  const tiled = tf.tile(tf.reshape(separate, [batch, kvHeads, 1, length * width]), [1, 1, repeat, 1]);
  return tf.reshape(tiled, [batch, heads, length, width]);
}

/** The inverse of `expand` for gradients: repeated heads are summed. */
function contract(x: tf.Tensor, like: tf.Tensor): tf.Tensor {
  const [batch, length, kvHeads, width] = (like as tf.Tensor4D).shape;
  const heads = x.shape[1] ?? kvHeads;
  if (heads === kvHeads) return byHead(x);
  const summed = tf.sum(tf.reshape(x, [batch, kvHeads, heads / kvHeads, length * width]), 2);
  return byHead(tf.reshape(summed, [batch, kvHeads, length, width]));
}

function probabilities(inputs: Inputs, attributes: Attributes): tf.Tensor4D {
  const q = input(inputs, 'q') as tf.Tensor4D;
  const [batch, queries, heads] = q.shape;
  const k = expand(input(inputs, 'k'), heads);
  const keys = k.shape[2];
  let scores = tf.mul(tf.matMul(byHead(q), k, false, true), Number(attributes['scale']));
  if (attributes['masked'] === true) {
    const hidden = tf.mul(tf.sub(1, tf.cast(input(inputs, 'mask'), 'float32')), MASKED);
    scores = tf.add(scores, tf.reshape(hidden, [batch, 1, 1, keys]));
  }
  if (attributes['causal'] === true) {
    const row = tf.reshape(tf.range(keys - queries, keys), [queries, 1]);
    const hidden = tf.cast(tf.greater(tf.reshape(tf.range(0, keys), [1, keys]), row), 'float32');
    scores = tf.add(scores, tf.mul(hidden, MASKED));
  }
  return tf.softmax(scores) as tf.Tensor4D;
}

/** [dq, dk, dv]. */
export const attentionGradientKernel: FusedKernel = {
  name: 'EigenloomAttentionGradient',
  composed: (inputs, attributes) => {
    const [q, k, v] = [input(inputs, 'q'), input(inputs, 'k'), input(inputs, 'v')];
    const heads = q.shape[2] ?? 1;
    const p = probabilities(inputs, attributes);
    const dy = byHead(input(inputs, 'dy'));
    const dp = tf.matMul(dy, expand(v, heads), false, true);
    const ds = tf.mul(tf.mul(p, tf.sub(dp, tf.sum(tf.mul(dp, p), -1, true))), Number(attributes['scale']));
    return [
      byHead(tf.matMul(ds, expand(k, heads))),
      contract(tf.matMul(ds, byHead(q), true, false), k),
      contract(tf.matMul(p, dy, true, false), v),
    ];
  },
};

export const attentionKernel: FusedKernel = {
  name: 'EigenloomAttention',
  composed: (inputs, attributes) => {
    const v = expand(input(inputs, 'v'), input(inputs, 'q').shape[2] ?? 1);
    return byHead(tf.matMul(probabilities(inputs, attributes), v));
  },
  gradient: {
    save: ['q', 'k', 'v', 'mask'],
    of: (dy, saved, attributes) => {
      const [q, k, v, mask] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      const [dq, dk, dv] = runFusedList(attentionGradientKernel, { q, k, v, mask, dy }, attributes) as [
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
      ];
      return { q: () => dq, k: () => dk, v: () => dv };
    },
  },
};

/**
 * softmax(scale · q kᵀ) v for each head. Vaswani et al. 2017, arXiv:1706.03762, equation 1.
 * q (batch, queries, heads, headDim); k, v (batch, keys, kvHeads, headDim), where kvHeads divides heads
 * → (batch, queries, heads, headDim).
 */
export function scaledDotProductAttention(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  options: AttentionOptions = {},
): tf.Tensor4D {
  check(q, k, v, options.mask);
  const attributes = {
    scale: options.scale ?? 1 / Math.sqrt(q.shape[3] ?? 1),
    causal: options.causal ?? false,
    masked: options.mask !== undefined,
  };
  // A kernel's saved inputs must all be there, so that no mask is a scalar that nobody reads.
  const mask = options.mask ?? tf.scalar(0);
  const result = runFused(attentionKernel, { q, k, v, mask }, attributes) as tf.Tensor4D;
  if (options.mask === undefined) mask.dispose();
  return result;
}

function check(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, mask: tf.Tensor | undefined): void {
  const [batch, , heads, width] = q.shape;
  const [, keys, kvHeads] = k.shape;
  const ranks = q.rank === 4 && k.rank === 4;
  const fits = ranks && k.shape[0] === batch && k.shape[3] === width && (heads ?? 0) % (kvHeads ?? 1) === 0;
  const same = k.shape.join() === v.shape.join();
  const masks = mask === undefined || (mask.rank === 2 && mask.shape[0] === batch && mask.shape[1] === keys);
  if (!fits || !same || !masks) {
    const shapes = [q, k, v, ...(mask === undefined ? [] : [mask])].map(
      ({ shape }, i) => `${PARTS[i] ?? ''} (${shape.join(', ')})`,
    );
    throw incompatible('ATTENTION_SHAPES', `attention: ${shapes.join(', ')} do not fit`);
  }
}

const PARTS = ['q', 'k', 'v', 'mask'];
