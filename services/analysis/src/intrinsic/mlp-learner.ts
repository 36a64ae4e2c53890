import { NamedArrays } from '@eigenloom/datasets';
import { tf } from '@eigenloom/engine';
import { randomNormals, streamKey } from '@eigenloom/numeric';
import { meanCrossEntropy } from '@eigenloom/models';
import type { Learner } from './learner.js';
import type { FeatureTask } from './setting.js';

/** Test examples that are looked at together. */
const TEST_BATCH = 1000;

interface Examples {
  /** [n, columns]. */
  readonly values: Float32Array;
  readonly columns: number;
  readonly labels: Int32Array;
}

/** A perceptron with ReLU that is trained from scratch on features, which are held in memory as f32. */
export async function mlpLearner(
  { path, limit, hidden }: FeatureTask,
  seed: bigint,
  signal: AbortSignal,
): Promise<Learner> {
  const arrays = await NamedArrays.open(path, signal);
  const train = await readExamples(arrays, 'features', 'labels', limit, signal);
  const test = await readExamples(arrays, 'test_features', 'test_labels', Infinity, signal);
  const classes =
    1 + Math.max(...[train, test].map(({ labels }) => labels.reduce((a, b) => Math.max(a, b), 0)));
  const widths = [train.columns, ...hidden, classes];
  const weights = drawWeights(widths, seed);
  const logits = (x: tf.Tensor2D): tf.Tensor2D => forward(weights, widths.length - 1, x);
  return {
    weights,
    layerOf: (name) => name.slice(0, name.lastIndexOf('.')),
    lengths: new Uint8Array(train.labels.length).fill(1),
    losses(indices) {
      const labels = indices.map((i) => train.labels[i] ?? 0);
      return { cross_entropy: { value: meanCrossEntropy(logits(rowsOf(train, indices)), labels) } };
    },
    evaluate: () => evaluate(test, logits, signal),
  };
}

async function readExamples(
  arrays: NamedArrays,
  features: string,
  labels: string,
  limit: number,
  signal: AbortSignal,
): Promise<Examples> {
  const matrix = arrays.matrix(features);
  const { columns } = matrix;
  const rows = Math.min(limit, matrix.rows);
  const values = new Float32Array(rows * columns);
  for await (const block of matrix.blocks({ signal, limit: rows }))
    values.set(block.values, block.first * columns);
  return { values, columns, labels: (await arrays.labels(labels, matrix, signal)).subarray(0, rows) };
}

/** N(0, 2/fan-in) (He et al. 2015, arXiv:1502.01852), zero biases. */
function drawWeights(widths: readonly number[], seed: bigint): Map<string, tf.Variable> {
  const weights = new Map<string, tf.Variable>();
  for (const [layer, width] of widths.slice(1).entries()) {
    const fanIn = widths[layer] ?? 1;
    const values = randomNormals(streamKey(seed, 'mlp', layer), fanIn * width, Math.sqrt(2 / fanIn));
    tf.tidy(() => {
      weights.set(`layers.${layer}.weight`, tf.variable(tf.tensor2d(values, [fanIn, width]), true));
      weights.set(`layers.${layer}.bias`, tf.variable(tf.zeros([width]), true));
    });
  }
  return weights;
}

function forward(weights: ReadonlyMap<string, tf.Variable>, layers: number, x: tf.Tensor2D): tf.Tensor2D {
  let state = x;
  for (let layer = 0; layer < layers; layer += 1) {
    const [weight, bias] = [weights.get(`layers.${layer}.weight`), weights.get(`layers.${layer}.bias`)];
    if (weight === undefined || bias === undefined) throw new Error(`layer ${layer} has no weights`);
    state = tf.add(tf.matMul(state, weight as tf.Variable<tf.Rank.R2>), bias);
    if (layer + 1 < layers) state = tf.relu(state);
  }
  return state;
}

function rowsOf({ values, columns }: Examples, indices: Int32Array): tf.Tensor2D {
  const out = new Float32Array(indices.length * columns);
  for (const [to, row] of indices.entries())
    out.set(values.subarray(row * columns, (row + 1) * columns), to * columns);
  return tf.tensor2d(out, [indices.length, columns]);
}

async function evaluate(
  test: Examples,
  logits: (x: tf.Tensor2D) => tf.Tensor2D,
  signal: AbortSignal,
): ReturnType<Learner['evaluate']> {
  const { length } = test.labels;
  let [loss, right] = [0, 0];
  for (let first = 0; first < length; first += TEST_BATCH) {
    signal.throwIfAborted();
    const indices = Int32Array.from({ length: Math.min(TEST_BATCH, length - first) }, (_, i) => first + i);
    const labels = test.labels.subarray(first, first + indices.length);
    const { mean, best } = tf.tidy(() => {
      const scores = logits(rowsOf(test, indices));
      return { mean: meanCrossEntropy(scores, labels.slice()), best: tf.argMax(scores, 1) };
    });
    const predicted = await best.data();
    loss += ((await mean.data())[0] ?? NaN) * indices.length;
    right += labels.filter((label, i) => label === predicted[i]).length;
    tf.dispose([mean, best]);
  }
  return { loss: loss / length, metrics: { accuracy: right / length } };
}
