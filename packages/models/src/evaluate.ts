import { evaluationBatches } from '@eigenloom/datasets';
import { tf } from '@eigenloom/engine';
import { numericFailure } from '@eigenloom/errors';
import type { Batch } from './batch.js';
import { classifierLogits, type ClassifierHead } from './classifier-head.js';
import { type Examples, loadAhead } from './examples/examples.js';
import type { ForwardOptions } from './forward/forward-pass.js';
import { scoreNextTokens } from './language-loss.js';
import type { Network } from './network.js';

export interface Prediction {
  /** Index of the class with the largest probability; the first of equals. */
  readonly label: number;
  readonly probabilities: Float32Array;
}

export interface Evaluation {
  /** Mean cross-entropy. */
  readonly loss: number;
  /** Share of right predictions. */
  readonly accuracy: number;
}

export interface EvaluateOptions extends Pick<ForwardOptions, 'adapters'> {
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (fraction: number) => void;
}

const DEFAULT_BATCH_SIZE = 32;

/** Loss, accuracy and the prediction for every example, in the order given. */
export async function evaluateClassifier(
  network: Network,
  head: ClassifierHead,
  examples: Examples,
  options: EvaluateOptions = {},
): Promise<Evaluation & { readonly predictions: readonly Prediction[] }> {
  const { labels } = examples;
  const predictions = new Array<Prediction>(labels.length);
  let loss = 0;
  let right = 0;
  await eachBatch(examples, options, async (batch, indices) => {
    const logits = await readMatrix(() => classifierLogits(network, head, batch, forward(options)));
    indices.forEach((index, row) => {
      const scores = logits.values.subarray(row * logits.classes, (row + 1) * logits.classes);
      const label = labels[index] ?? -1;
      const { prediction, crossEntropy } = readScores(scores, label);
      predictions[index] = prediction;
      loss += crossEntropy;
      if (prediction.label === label) right++;
    });
  });
  requireFinite(loss);
  return { loss: loss / labels.length, accuracy: right / labels.length, predictions };
}

/** Loss and accuracy of the next token, over all tokens that have one before them. */
export async function evaluateLanguageModel(
  network: Network,
  examples: Examples,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  let loss = 0;
  let right = 0;
  let count = 0;
  await eachBatch(examples, options, async (batch) => {
    const found = await scoreNextTokens(network, batch, forward(options));
    loss += found.loss;
    right += found.right;
    count += found.count;
  });
  requireFinite(loss);
  return { loss: loss / Math.max(count, 1), accuracy: right / Math.max(count, 1) };
}

/** A GPU's memory cannot be read without waiting for it. */
async function readMatrix(run: () => tf.Tensor2D): Promise<{ values: Float32Array; classes: number }> {
  const scores = tf.tidy(run);
  const values = await scores.data<'float32'>();
  scores.dispose();
  return { values, classes: scores.shape[1] };
}

const forward = ({ adapters }: EvaluateOptions): ForwardOptions =>
  adapters === undefined ? {} : { adapters };

async function eachBatch(
  examples: Examples,
  options: EvaluateOptions,
  visit: (batch: Batch, indices: Int32Array) => Promise<void>,
): Promise<void> {
  const { signal } = options;
  const batches = evaluationBatches(examples.lengths, options.batchSize ?? DEFAULT_BATCH_SIZE);
  for (const [done, indices] of batches.entries()) {
    signal?.throwIfAborted();
    await examples.load?.(indices, signal);
    loadAhead(examples, batches[done + 1], signal);
    await visit(examples.batch(indices), indices);
    options.onProgress?.((done + 1) / batches.length);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function readScores(scores: Float32Array, label: number): { prediction: Prediction; crossEntropy: number } {
  const { best, logSum } = softmaxOf(scores);
  return {
    prediction: { label: best, probabilities: scores.map((score) => Math.exp(score - logSum)) },
    crossEntropy: logSum - (scores[label] ?? NaN),
  };
}

function softmaxOf(scores: Float32Array): { best: number; logSum: number } {
  let best = 0;
  scores.forEach((score, i) => {
    if (score > (scores[best] ?? 0)) best = i;
  });
  const peak = scores[best] ?? 0;
  let sum = 0;
  for (const score of scores) sum += Math.exp(score - peak);
  return { best, logSum: peak + Math.log(sum) };
}

function requireFinite(loss: number): void {
  if (!Number.isFinite(loss)) throw numericFailure('NON_FINITE_LOSS', 'the evaluation loss is not finite');
}
