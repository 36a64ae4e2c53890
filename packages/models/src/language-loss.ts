import { softmaxCrossEntropy, tf } from '@eigenloom/engine';
import type { Batch } from './batch.js';
import type { ForwardOptions } from './forward/forward-pass.js';
import { meanOfCounted } from './forward/losses.js';
import { type Network, nextTokens } from './network.js';

/** Scores that are held at a time: 64 MiB. */
const HELD = 2 ** 24;

/** Rows of scores that are held at a time. */
export const scoredTogether = (vocabulary: number): number => Math.max(1, Math.floor(HELD / vocabulary));

/** Numbers of rows that follow each other, all but the last `most`. */
function partsOf(rows: number, most: number): number[] {
  const parts = Array.from({ length: Math.ceil(rows / most) }, (_, i) => Math.min(most, rows - i * most));
  return parts.length > 0 ? parts : [0];
}

/**
 * Mean cross-entropy of the next token, as of `languageLogits`, without holding all scores: `options.part` computes those of some positions
 * again for their gradient. Sums over positions, which the gradient of a head that is trained is, run over each part by itself. Call inside
 * tf.tidy. Errors: as `features`, `NO_LANGUAGE_HEAD`.
 */
export function nextTokenLoss(
  network: Network,
  batch: Batch,
  options: ForwardOptions,
  together = scoredTogether(network.config.vocabularySize),
): tf.Scalar {
  const pass = network.pass(options);
  const hidden = network.ownHidden(network.features(batch, pass), batch);
  const labels = nextTokens(batch);
  const parts = partsOf(labels.length, together);
  const run = options.part ?? ((x, of) => of(x));
  let first = 0;
  const losses = tf.split<tf.Tensor2D>(hidden, parts, 0).map((rows) => {
    const own = labels.slice(first, first + rows.shape[0]);
    first += own.length;
    return run(rows, (x) => {
      const perRow = softmaxCrossEntropy(network.scoresOf(x, pass), tf.tensor1d(own, 'int32'));
      return tf.reshape(perRow, [own.length, 1]);
    });
  });
  return meanOfCounted(tf.reshape(tf.concat(losses, 0), [labels.length]), labels);
}

/** What a network makes of the next token at each position of a batch that has one. */
export interface NextTokens {
  /** −log of the probability of the next token, of all positions together. */
  readonly loss: number;
  /** Positions whose next token has the largest score. */
  readonly right: number;
  readonly count: number;
}

/** Scores some positions at a time. Errors: as `nextTokenLoss`. */
export async function scoreNextTokens(
  network: Network,
  batch: Batch,
  options: ForwardOptions,
  together = scoredTogether(network.config.vocabularySize),
): Promise<NextTokens> {
  const pass = network.pass(options);
  const hidden = tf.tidy(() => network.ownHidden(network.features(batch, pass), batch));
  const labels = nextTokens(batch);
  let [loss, right, count, first] = [0, 0, 0, 0];
  try {
    for (const rows of partsOf(labels.length, together)) {
      const own = labels.subarray(first, first + rows);
      const [losses, margins] = tf.tidy(() => {
        const scores = network.scoresOf(tf.slice2d(hidden, [first, 0], [rows, -1]), pass);
        const chosen = tf.gatherND(scores, tf.tensor2d(pairsOf(own), [rows, 2], 'int32'));
        const perRow = softmaxCrossEntropy(scores, tf.tensor1d(own, 'int32'));
        return [perRow, tf.sub(tf.max(scores, 1), chosen)];
      }) as [tf.Tensor, tf.Tensor];
      const [ownLosses, ownMargins] = [await losses.data(), await margins.data()];
      tf.dispose([losses, margins]);
      own.forEach((label, row) => {
        if (label < 0) return;
        loss += ownLosses[row] ?? NaN;
        if (ownMargins[row] === 0) right += 1;
        count += 1;
      });
      first += rows;
    }
  } finally {
    hidden.dispose();
  }
  return { loss, right, count };
}

/** Each row with its label, with 0 for one that has none. */
const pairsOf = (labels: Int32Array): Int32Array =>
  Int32Array.from({ length: 2 * labels.length }, (_, i) =>
    i % 2 === 0 ? i / 2 : Math.max(0, labels[(i - 1) / 2] ?? 0),
  );
