import { corruptData, incompatible, notFound } from '@eigenloom/errors';
import { isFloat, SafetensorsFile, type StoredTensor } from '@eigenloom/numeric';

/** Elements that are read at once, 8 MiB as f64. */
const BLOCK = 2 ** 20;

/** Rows of a matrix that follow each other. */
export interface RowBlock {
  /** Index of the first one. */
  readonly first: number;
  readonly rows: number;
  /** [rows, columns], row-major. */
  readonly values: Float64Array;
}

/** A matrix in a file, gone through by blocks of rows: it need not fit into memory. */
export interface StoredMatrix {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  /** Rows of the largest block. */
  readonly blockRows: number;
  /** Its rows in order, or the first `limit` of them. Errors: `NOT_FINITE`, with the row; CANCELLED. */
  blocks(options: { readonly signal: AbortSignal; readonly limit?: number }): AsyncIterable<RowBlock>;
}

/** Matrices and labels by name in a safetensors file. Its errors name the file and the tensor. */
export class NamedArrays {
  private constructor(private readonly file: SafetensorsFile) {}

  /** Reads the header. Errors: those of `SafetensorsFile`. */
  static async open(path: string, signal?: AbortSignal): Promise<NamedArrays> {
    return new NamedArrays(await SafetensorsFile.open(path, signal === undefined ? {} : { signal }));
  }

  /** What the file says of itself beside its tensors. */
  get metadata(): Readonly<Record<string, string>> {
    return this.file.metadata;
  }

  has(name: string): boolean {
    return this.file.tensors.has(name);
  }

  /** A matrix of numbers. Errors: `ARRAY_MISSING`, `ARRAY_SHAPE`, `ARRAY_TYPE`. */
  matrix(name: string): StoredMatrix {
    const { dtype, shape } = this.#find(name);
    const [rows = 0, columns = 0] = shape;
    if (shape.length !== 2 || rows === 0 || columns === 0) throw this.#shape(name, shape, '[rows, columns]');
    if (dtype === 'BOOL') throw this.#type(name, dtype, 'numbers');
    const blockRows = Math.max(1, Math.min(rows, Math.floor(BLOCK / columns)));
    const { file } = this;
    return {
      ...{ name, rows, columns, blockRows },
      async *blocks({ signal, limit = rows }) {
        const end = Math.min(limit, rows);
        for (let first = 0; first < end; first += blockRows) {
          const count = Math.min(blockRows, end - first);
          const values = await file.readRows(name, { first, count }, { signal });
          requireFinite(values, columns, (row) => `${file.file}: row ${first + row} of tensor "${name}"`);
          yield { first, rows: count, values };
        }
      },
    };
  }

  /**
   * One class for each row of a matrix, from 0 on. Errors: `ARRAY_MISSING`, `ARRAY_TYPE` for other than integers, `LABELS_COUNT`,
   * `LABEL_INVALID`, with the row.
   */
  async labels(name: string, { rows, name: of }: StoredMatrix, signal: AbortSignal): Promise<Int32Array> {
    const { dtype, shape } = this.#find(name);
    if (isFloat(dtype) || dtype === 'BOOL') throw this.#type(name, dtype, 'integers');
    if (shape.length !== 1 || shape[0] !== rows) {
      const why = `has the shape [${shape.join(', ')}]; the ${rows} rows of "${of}" need [${rows}]`;
      throw incompatible('LABELS_COUNT', `${this.#place(name)} ${why}`);
    }
    const values = await this.file.read(name, 'f64', { signal });
    const wrong = values.findIndex((value) => !(value >= 0 && value < 2 ** 31));
    if (wrong < 0) return Int32Array.from(values);
    const why = `element ${wrong} is ${values[wrong] ?? NaN}; classes are whole numbers from 0 to ${2 ** 31 - 1}`;
    throw corruptData('LABEL_INVALID', `${this.#place(name)}: ${why}`);
  }

  #find(name: string): StoredTensor {
    const found = this.file.tensors.get(name);
    if (found !== undefined) return found;
    const names = [...this.file.tensors.keys()].map((each) => `"${each}"`);
    throw notFound(
      'ARRAY_MISSING',
      `${this.file.file} has no tensor "${name}"; it has ${names.slice(0, 8).join(', ')}${names.length > 8 ? ' and more' : ''}`,
    );
  }

  #place(name: string): string {
    return `${this.file.file}: tensor "${name}"`;
  }

  #shape(name: string, shape: readonly number[], wanted: string): Error {
    return incompatible(
      'ARRAY_SHAPE',
      `${this.#place(name)} has the shape [${shape.join(', ')}]; wanted is ${wanted}`,
    );
  }

  #type(name: string, dtype: string, wanted: string): Error {
    return incompatible('ARRAY_TYPE', `${this.#place(name)} is ${dtype}; wanted are ${wanted}`);
  }
}

function requireFinite(values: Float64Array, columns: number, place: (row: number) => string): void {
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  const row = Math.floor(at / columns);
  throw corruptData('NOT_FINITE', `${place(row)} has ${values[at] ?? NaN} in column ${at - row * columns}`);
}
