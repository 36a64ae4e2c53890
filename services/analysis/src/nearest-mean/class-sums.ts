import type { RowBlock } from '@eigenloom/datasets';

/** The examples of one class, as far as they matter. */
export interface ClassSum {
  /** Of its feature vectors, f64. */
  readonly sum: Float64Array;
  count: number;
}

/**
 * Σ f and the number of examples for each class: all that a nearest-mean classifier keeps, D + 1 numbers a class. Sums add up in any order, to
 * the rounding of f64, so examples may come one by one, class by class or all at once, and what several runs kept may be added.
 */
export class ClassSums {
  readonly #classes = new Map<number, ClassSum>();

  constructor(
    readonly columns: number,
    /** Whether feature vectors have length 1. */
    readonly normalize: boolean,
  ) {}

  /** Labels of the classes seen, ascending. */
  get labels(): number[] {
    return [...this.#classes.keys()].sort((a, b) => a - b);
  }

  /** Undefined for a class that has not been seen. */
  get(label: number): Readonly<ClassSum> | undefined {
    return this.#classes.get(label);
  }

  /** Adds what is known of a class already. */
  addClass(label: number, { sum, count }: Readonly<ClassSum>): void {
    const own = this.#of(label);
    own.count += count;
    sum.forEach((value, column) => (own.sum[column] = (own.sum[column] ?? 0) + value));
  }

  /** Adds examples; `labels` are of all rows, and those of the block begin at its `first`. Feature vectors are scaled in place. */
  add({ first, rows, values }: RowBlock, labels: Int32Array): void {
    const { columns } = this;
    if (this.normalize) scaleRows(values, columns);
    for (let row = 0; row < rows; row += 1) {
      const own = this.#of(labels[first + row] ?? 0);
      own.count += 1;
      for (let column = 0, at = row * columns; column < columns; column += 1, at += 1)
        own.sum[column] = (own.sum[column] ?? 0) + (values[at] ?? 0);
    }
  }

  #of(label: number): ClassSum {
    const found = this.#classes.get(label);
    if (found !== undefined) return found;
    const made = { sum: new Float64Array(this.columns), count: 0 };
    this.#classes.set(label, made);
    return made;
  }
}

/** Scales each row to length 1, in place; a row of zeros stays as it is. */
export function scaleRows(values: Float64Array, columns: number): void {
  for (let start = 0; start < values.length; start += columns) {
    let squares = 0;
    for (let at = start; at < start + columns; at += 1) squares += (values[at] ?? 0) ** 2;
    if (squares === 0) continue;
    const factor = 1 / Math.sqrt(squares);
    for (let at = start; at < start + columns; at += 1) values[at] = (values[at] ?? 0) * factor;
  }
}
