import { type CallOptions, matmul, svd } from '@eigenloom/numeric';
import type { Factors } from './descend.js';

/**
 * The one step that frees the rate from α: with F = A·Σ·Bᵀ, F' = β·A and G' = G·B·Σ/β. The product stays, and F'ᵀ·F' = β²·I takes the
 * place of the imbalance of the start, which is of size α². β is the root of the product's largest singular value.
 */
export async function rebalance(
  { left, right, columns }: Factors,
  size: number,
  options: CallOptions,
): Promise<Factors> {
  const [f, g] = [
    { rows: size, columns, data: left },
    { rows: size, columns, data: right },
  ];
  const product = await matmul(f, g, { transposeB: true }, options);
  const beta = Math.sqrt((await svd(product, { vectors: 'none' }, options)).s[0] ?? 0);
  const { u, s, vt } = await svd(f, { vectors: 'thin' }, options);
  const turned = await matmul(g, vt, { transposeB: true }, options);
  return {
    columns,
    left: u.data.map((value) => beta * value),
    right: turned.data.map((value, at) => (value * (s[at % columns] ?? 0)) / beta),
  };
}
