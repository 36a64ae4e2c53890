import { tf } from '@eigenloom/engine';
import { numericFailure } from '@eigenloom/errors';
import {
  type Batch,
  type ClassifierHead,
  classifierLogits,
  type Network,
  nextTokens,
  reachedParameters,
} from '@eigenloom/models';
import { randomBits, streamKey } from '@eigenloom/numeric';

import type { LabelChoice } from './statistic.js';

/** Labels for the rows of scores, −1 where a row predicts nothing, and how much they count. */
export interface Draw {
  readonly labels: Int32Array;
  readonly weight: number;
}

/** p(y|x): what a model says of the labels of a text. */
export interface Likelihood {
  /** Weights that it depends on. */
  readonly parameters: readonly string[];
  /** Scores of the classes: [rows, classes]. Call inside tf.tidy. */
  scores(batch: Batch): tf.Tensor2D;
  /** Labels of text `index` over which the gradients are averaged. */
  draws(batch: Batch, index: number): Draw[];
}

/** Of a classifier: one label a text. */
export function classLikelihood(
  network: Network,
  head: ClassifierHead,
  choice: LabelChoice,
  seed: bigint,
): Likelihood {
  const scores = (batch: Batch): tf.Tensor2D => classifierLogits(network, head, batch);
  return {
    parameters: reachedParameters(network, head),
    scores,
    draws(batch, index) {
      const [probabilities = new Float64Array(0)] = probabilitiesOf(() => scores(batch));
      if (choice === 'sampled') {
        const label = draw(probabilities, uniform(seed, index, 0));
        return [{ labels: Int32Array.of(label), weight: 1 }];
      }
      return Array.from(probabilities, (weight, label) => ({ labels: Int32Array.of(label), weight }));
    },
  };
}

/**
 * Of a causal language model: a label for each token that has one after it, drawn given the text before. Labels of different positions
 * are independent and the gradients have mean 0, so the square of the sum of the gradients has the expectation of the sum of squares.
 */
export function languageLikelihood(network: Network, seed: bigint): Likelihood {
  const scores = (batch: Batch): tf.Tensor2D => network.languageLogits(batch);
  return {
    parameters: reachedParameters(network, null),
    scores,
    draws(batch, index) {
      const next = nextTokens(batch);
      if (next.every((label) => label < 0)) return [];
      const rows = probabilitiesOf(() => scores(batch));
      const labels = next.map((label, row) =>
        label < 0 ? -1 : draw(rows[row] ?? new Float64Array(0), uniform(seed, index, row)),
      );
      return [{ labels, weight: 1 }];
    },
  };
}

/** Softmax of each row, in f64. */
function probabilitiesOf(scores: () => tf.Tensor2D): Float64Array[] {
  const computed = tf.tidy(scores);
  const [rows, classes] = computed.shape;
  const values = computed.dataSync<'float32'>();
  computed.dispose();
  return Array.from({ length: rows }, (_, row) =>
    softmax(values.subarray(row * classes, (row + 1) * classes)),
  );
}

function softmax(scores: Float32Array): Float64Array {
  const peak = scores.reduce((largest, score) => Math.max(largest, score), -Infinity);
  const powers = Float64Array.from(scores, (score) => Math.exp(score - peak));
  const sum = powers.reduce((total, power) => total + power, 0);
  if (!Number.isFinite(sum)) throw numericFailure('NON_FINITE_SCORES', 'scores of a text are not finite');
  return powers.map((power) => power / sum);
}

const uniform = (seed: bigint, text: number, row: number): number =>
  (randomBits(streamKey(seed, 'label', text), row) + 0.5) / 2 ** 32;

/** The class where the running sum of the probabilities passes `at`. */
function draw(probabilities: Float64Array, at: number): number {
  let sum = 0;
  for (const [label, probability] of probabilities.entries()) {
    sum += probability;
    if (at < sum) return label;
  }
  return probabilities.length - 1;
}
