import type { RowBlock } from '@eigenloom/datasets';
import { matmul } from '@eigenloom/numeric';
import { type ClassSums, scaleRows } from './class-sums.js';

export type Distance = 'euclidean' | 'cosine';

/**
 * Class means as a linear classifier: argmin ‖f − μ‖ is argmax f·μ − ½‖μ‖² (Janson et al. 2022, section 3; μ is not scaled to length 1), and
 * the smallest angle is argmax f·μ/‖μ‖. Classes that were not seen have no row, so they are never predicted.
 */
export class MeanClassifier {
  readonly #labels: readonly number[];
  readonly #normalize: boolean;
  readonly #columns: number;
  /** [classes, columns]. */
  readonly #weights: Float64Array;
  readonly #biases: Float64Array;

  constructor(sums: ClassSums, distance: Distance) {
    this.#labels = sums.labels;
    this.#normalize = sums.normalize;
    this.#columns = sums.columns;
    this.#weights = new Float64Array(this.#labels.length * sums.columns);
    this.#biases = new Float64Array(this.#labels.length);
    for (const [row, label] of this.#labels.entries()) {
      const { sum, count } = sums.get(label) ?? { sum: new Float64Array(sums.columns), count: 1 };
      const mean = sum.map((value) => value / count);
      const squares = mean.reduce((total, value) => total + value * value, 0);
      const scale = distance === 'cosine' && squares > 0 ? 1 / Math.sqrt(squares) : 1;
      this.#weights.set(
        mean.map((value) => value * scale),
        row * sums.columns,
      );
      this.#biases[row] = distance === 'cosine' ? 0 : -squares / 2;
    }
  }

  /** The nearest class of each row; the smallest label of equals. Feature vectors are scaled in place. */
  async predict({ rows, values }: RowBlock, signal: AbortSignal): Promise<Int32Array> {
    if (this.#normalize) scaleRows(values, this.#columns);
    const [classes, columns] = [this.#labels.length, this.#columns];
    const scores = await matmul(
      { rows, columns, data: values },
      { rows: classes, columns, data: this.#weights },
      { transposeB: true },
      { signal },
    );
    return Int32Array.from({ length: rows }, (_, row) => {
      let best = 0;
      let most = -Infinity;
      for (let each = 0; each < classes; each += 1) {
        const score = (scores.data[row * classes + each] ?? 0) + (this.#biases[each] ?? 0);
        if (score > most) [best, most] = [each, score];
      }
      return this.#labels[best] ?? 0;
    });
  }
}
