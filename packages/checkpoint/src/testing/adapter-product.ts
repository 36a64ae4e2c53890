import type { AdapterModule } from '../adapter/adapter.js';

/** s·B·A in f64. */
export function adapterProduct({ a, b, rank, scaling, aShape, bShape }: AdapterModule): Float64Array {
  const [rows = 0, columns = 0] = [bShape[0], aShape[1]];
  const delta = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i += 1) {
    for (let k = 0; k < rank; k += 1) {
      const factor = scaling * (b[i * rank + k] ?? 0);
      for (let j = 0; j < columns; j += 1) {
        const at = i * columns + j;
        delta[at] = (delta[at] ?? 0) + factor * (a[k * columns + j] ?? 0);
      }
    }
  }
  return delta;
}
