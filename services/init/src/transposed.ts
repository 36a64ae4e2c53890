/** The transpose of a matrix, row by row. */
export function transposed(data: Float32Array | Float64Array, rows: number, columns: number): Float64Array {
  const turned = new Float64Array(data.length);
  for (let i = 0; i < rows; i += 1) {
    for (let j = 0; j < columns; j += 1) turned[j * rows + i] = data[i * columns + j] ?? 0;
  }
  return turned;
}
