import { softmaxCrossEntropy, tf } from '@eigenloom/engine';
import { incompatible, numericFailure } from '@eigenloom/errors';
import { type Network, makeBatch } from '@eigenloom/models';

import type { Likelihood } from './likelihood.js';
import type { ComputedTensor } from './statistic.js';

export interface FisherHooks {
  readonly signal: AbortSignal;
  /** After each text. */
  readonly onText: (done: number) => void;
}

/**
 * Diagonal of the Fisher information, F = E_x E_y[(∂ log p(y|x) / ∂θ)²], x over the texts and y over the model's own p(y|x): the true
 * Fisher, not the empirical one of given labels. Matena and Raffel 2021, arXiv:2111.09832; as in the authors' program (mmatena/
 * model_merging, `fisher.py`), gradients are those of single texts and the expectation over the classes is exact, or, which that program
 * leaves out, by a draw. A text of a language model has the sum over its tokens as its likelihood.
 *
 * One tensor of the weight's shape for each weight that the likelihood depends on; sums in f64. Squares and products are nats² per unit
 * of the weight, squared. Errors: `TOO_LITTLE_DATA`, `NON_FINITE_STATISTIC`.
 */
export function* fisherDiagonal(
  network: Network,
  likelihood: Likelihood,
  texts: readonly Int32Array[],
  { signal, onText }: FisherHooks,
): Generator<ComputedTensor> {
  const variables = likelihood.parameters.map((name) => network.parameters.train(name));
  const sums = variables.map(({ size }) => new Float64Array(size));
  let counted = 0;
  for (const [index, ids] of texts.entries()) {
    signal.throwIfAborted();
    const batch = makeBatch([ids], network.config.padTokenId);
    const draws = likelihood.draws(batch, index);
    if (draws.length > 0) counted += 1;
    for (const { labels, weight } of draws) {
      if (weight > 0) addSquares(sums, variables, weight, () => logLoss(likelihood.scores(batch), labels));
      onText(index);
      signal.throwIfAborted();
    }
    onText(index + 1);
  }
  if (counted === 0) throw incompatible('TOO_LITTLE_DATA', 'no text has a token to predict');
  for (const [at, name] of likelihood.parameters.entries()) {
    const { shape } = variables[at] ?? { shape: [] };
    yield { name, shape, values: mean(name, sums[at] ?? new Float64Array(0), counted) };
  }
}

/** −Σ log p over the rows that have a label. */
const logLoss = (scores: tf.Tensor2D, labels: Int32Array): tf.Scalar =>
  tf.sum(softmaxCrossEntropy(scores, tf.tensor1d(labels, 'int32')));

/** sums += weight · gradient². */
function addSquares(
  sums: readonly Float64Array[],
  variables: readonly tf.Variable[],
  weight: number,
  loss: () => tf.Scalar,
): void {
  const { value, grads } = tf.variableGrads(loss, [...variables]);
  value.dispose();
  for (const [at, { name }] of variables.entries()) {
    const sum = sums[at];
    const gradient = grads[name];
    if (sum === undefined || gradient === undefined) continue;
    const values = gradient.dataSync();
    for (let i = 0; i < sum.length; i++) {
      const g = values[i] ?? 0;
      sum[i] = (sum[i] ?? 0) + weight * g * g;
    }
    gradient.dispose();
  }
}

function mean(name: string, sums: Float64Array, count: number): Float32Array {
  let total = 0;
  for (const sum of sums) total += sum;
  if (!Number.isFinite(total)) {
    throw numericFailure('NON_FINITE_STATISTIC', `the Fisher information of ${name} is not finite`);
  }
  return Float32Array.from(sums, (sum) => sum / count);
}
