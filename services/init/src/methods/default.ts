import { kaimingUniform } from '@eigenloom/adapters';
import type { LayerMethod } from './method.js';

/**
 * LoRA. Hu et al. 2021, arXiv:2106.09685, section 4.1: ΔW = 0 at the start. A Kaiming-uniform with a = √5, which is
 * U(±√(6/((1 + 5)·in))) = U(±1/√in); B = 0.
 */
export const defaultInit: LayerMethod<'default'> = {
  id: 'default',
  summary: 'A Kaiming-uniform, B zero: the model is unchanged at the start',
  paper: 'arXiv:2106.09685',
  scope: 'layer',
  changesBase: false,
  needsWeight: false,
  check: () => undefined,
  operations: ({ columns }, rank) => 100 * rank * columns,
  async start({ tensor, rows, columns }, _weight, { rank, alpha, seed }, _parameters, options) {
    return {
      a: await kaimingUniform(seed, tensor, [rank, columns], options),
      b: new Float32Array(rows * rank),
      rank,
      alpha,
    };
  },
};
