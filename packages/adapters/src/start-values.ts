import { createHash } from 'node:crypto';

import { type CallOptions, randomUniform } from '@eigenloom/numeric';

/** Random stream of a tensor: numbers do not depend on which other modules are adapted, nor on their order. */
const streamOf = (name: string): bigint => createHash('sha256').update(name).digest().readBigUInt64LE();

/**
 * Kaiming-uniform values with a = √5 for a matrix of rows × columns: U(±√(6/((1 + 5)·columns))) = U(±1/√columns). `name` and the seed
 * decide on them. He et al. 2015, arXiv:1502.01852; a = √5 as in PyTorch's `nn.Linear`.
 */
export async function kaimingUniform(
  seed: bigint,
  name: string,
  [rows, columns]: readonly [rows: number, columns: number],
  options: CallOptions = {},
): Promise<Float32Array> {
  const length = rows * columns;
  const uniform = await randomUniform({ seed, stream: streamOf(name), length, precision: 'f64' }, options);
  const bound = 1 / Math.sqrt(columns);
  return Float32Array.from(uniform, (value) => bound * (2 * value - 1));
}
