import { type CallOptions, type Matrix, randomizedSvd, svd } from '@eigenloom/numeric';

/** The randomised decomposition is used from this ratio of the matrix' smaller side to the components wanted. */
const RANDOMIZED_FROM = 6;
const POWER_ITERATIONS = 4;

/** Leading principal components of all rows seen so far. */
export interface Components {
  /** k × width, orthonormal rows, largest variance first. */
  readonly vectors: Float32Array;
  readonly count: number;
  /** Share of the total variance that each explains. */
  readonly explained: Float64Array;
  /** |cosine| of each to the one in its place before the last batch; zeros after the first. */
  readonly cosines: Float64Array;
}

/**
 * Principal component analysis over batches of rows, centred. Ross et al. 2008, "Incremental learning for robust visual tracking",
 * section 2.1: the components so far (times their singular values), the centred batch, and a row for the shift of the mean are
 * decomposed together. Exact while the components kept span the data, else the best known approximation.
 */
export class IncrementalPca {
  #seen = 0;
  #mean: Float64Array;
  /** Sum of squared deviations from the mean, over all rows and columns. */
  #scatter = 0;
  #vectors: Float32Array = new Float32Array(0);
  #values: Float64Array = new Float64Array(0);
  #cosines: Float64Array = new Float64Array(0);

  constructor(
    private readonly width: number,
    /** k, at most the width. */
    private readonly count: number,
    private readonly seed: bigint,
  ) {
    this.#mean = new Float64Array(width);
  }

  /** Undefined until a batch had at least k rows. */
  get components(): Components | undefined {
    if (this.#values.length === 0) return undefined;
    return {
      vectors: this.#vectors,
      count: this.count,
      explained: this.#values.map((value) => (this.#scatter > 0 ? (value * value) / this.#scatter : 0)),
      cosines: this.#cosines,
    };
  }

  /** Takes in a batch (rows × width, row by row). A first batch with fewer rows than components is left out. */
  async add(values: Float32Array, rows: number, options: CallOptions = {}): Promise<void> {
    const first = this.#seen === 0;
    if (first && rows < this.count) return;
    const mean = columnMeans(values, rows, this.width);
    const stacked = this.#stack(values, rows, mean);
    const { s, vt } = await this.#decompose(stacked, options);
    this.#updateMoments(values, rows, mean);
    const vectors = vt.data.slice(0, this.count * this.width);
    this.#cosines = first ? new Float64Array(this.count) : rowCosines(vectors, this.#vectors, this.width);
    this.#vectors = vectors;
    this.#values = Float64Array.from(s.subarray(0, this.count));
  }

  #stack(values: Float32Array, rows: number, mean: Float64Array): Matrix<Float32Array> {
    const { width } = this;
    const kept = this.#values.length;
    const shift = kept > 0 ? 1 : 0;
    const data = new Float32Array((kept + rows + shift) * width);
    this.#values.forEach((value, k) => {
      for (let j = 0; j < width; j += 1) data[k * width + j] = value * (this.#vectors[k * width + j] ?? 0);
    });
    for (let i = 0; i < rows; i += 1) {
      const at = (kept + i) * width;
      for (let j = 0; j < width; j += 1) data[at + j] = (values[i * width + j] ?? 0) - (mean[j] ?? 0);
    }
    if (shift > 0) {
      const weight = Math.sqrt((this.#seen * rows) / (this.#seen + rows));
      const at = (kept + rows) * width;
      for (let j = 0; j < width; j += 1) data[at + j] = weight * ((this.#mean[j] ?? 0) - (mean[j] ?? 0));
    }
    return { rows: kept + rows + shift, columns: width, data };
  }

  async #decompose(
    matrix: Matrix<Float32Array>,
    options: CallOptions,
  ): Promise<{ s: Float32Array; vt: Matrix<Float32Array> }> {
    const { count: rank, seed } = this;
    if (Math.min(matrix.rows, matrix.columns) < RANDOMIZED_FROM * rank) {
      return svd(matrix, { vectors: 'thin' }, options);
    }
    return randomizedSvd(
      matrix,
      { rank, oversampling: rank, powerIterations: POWER_ITERATIONS, seed },
      options,
    );
  }

  #updateMoments(values: Float32Array, rows: number, mean: Float64Array): void {
    const total = this.#seen + rows;
    let scatter = 0;
    for (let i = 0; i < rows; i += 1) {
      for (let j = 0; j < this.width; j += 1) {
        const deviation = (values[i * this.width + j] ?? 0) - (mean[j] ?? 0);
        scatter += deviation * deviation;
      }
    }
    const updated = new Float64Array(this.width);
    for (let j = 0; j < this.width; j += 1) {
      const [before, now] = [this.#mean[j] ?? 0, mean[j] ?? 0];
      scatter += ((this.#seen * rows) / total) * (now - before) ** 2;
      updated[j] = before + ((now - before) * rows) / total;
    }
    this.#scatter += scatter;
    this.#mean = updated;
    this.#seen = total;
  }
}

function columnMeans(values: Float32Array, rows: number, width: number): Float64Array {
  const sums = new Float64Array(width);
  for (let i = 0; i < rows; i += 1) {
    for (let j = 0; j < width; j += 1) sums[j] = (sums[j] ?? 0) + (values[i * width + j] ?? 0);
  }
  return sums.map((sum) => sum / rows);
}

/** |cosine| between rows of the same index; both have unit rows. */
function rowCosines(left: Float32Array, right: Float32Array, width: number): Float64Array {
  return Float64Array.from({ length: left.length / width }, (_, k) => {
    let dot = 0;
    for (let j = k * width; j < (k + 1) * width; j += 1) dot += (left[j] ?? 0) * (right[j] ?? 0);
    return Math.abs(dot);
  });
}
