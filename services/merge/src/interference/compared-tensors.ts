import type { MergePlan, PlannedSource, PlannedTensor } from '../plan/planned.js';

/** Larger matrices are compared element by element only: their values would have to be in memory, 4 bytes each and as much again. */
const MAX_MATRIX_ELEMENTS = 2 ** 26;

/** A tensor whose task vectors are compared. */
export interface ComparedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly elements: number;
  /** Its singular values are compared too. */
  readonly isMatrix: boolean;
  readonly sources: readonly PlannedSource[];
  readonly base: PlannedSource;
}

/** Tensors of a plan that are merged and have a base, with every model. */
export const comparedTensors = ({ tensors, models }: MergePlan): ComparedTensor[] =>
  tensors.flatMap((tensor) => compared(tensor, models.length) ?? []);

function compared(
  { name, shape, merged, sources, base }: PlannedTensor,
  models: number,
): ComparedTensor | undefined {
  if (!merged || base === undefined || sources.length !== models) return undefined;
  const elements = shape.reduce((product, size) => product * size, 1);
  const isMatrix = shape.length === 2 && Math.min(...shape) > 1 && elements <= MAX_MATRIX_ELEMENTS;
  return { name, shape, elements, isMatrix, sources, base };
}
