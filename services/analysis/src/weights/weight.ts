/** How one weight is analysed: the part of a tensor that is one matrix, or the slices of one kernel. */
export interface Weight {
  /** Key of the tensor. */
  readonly name: string;
  /** Key without `.weight`: WeightWatcher's name. */
  readonly longname: string;
  readonly type: 'dense' | 'conv' | 'embedding' | 'stack';
  readonly rows: number;
  readonly columns: number;
  /** Positions of a convolution kernel, which lie next to each other in memory; 1 for a matrix. */
  readonly positions: number;
  /** Matrices that follow each other in the tensor: the experts of a stack; 1 for all others. */
  readonly stacked: number;
  /** Stored (in, out), as GPT-2's linear weights are; all others are (out, in). */
  readonly transposed?: boolean;
}

/** A tensor that is left out, and why. */
export interface Skipped {
  readonly name: string;
  readonly reason: string;
}

/** Larger dimension N of one slice. */
export const largerSide = ({ rows, columns }: Weight): number => Math.max(rows, columns);
/** Smaller dimension M of one slice. */
export const smallerSide = ({ rows, columns }: Weight): number => Math.min(rows, columns);
/** Elements of one matrix or kernel. */
export const sizeOf = ({ rows, columns, positions }: Weight): number => rows * columns * positions;
