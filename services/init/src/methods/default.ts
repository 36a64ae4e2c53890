import { kaimingUniform } from '@eigenloom/adapters';
import type { Definition, init } from '@eigenloom/contracts';
import { startByModule } from '../start-by-module.js';
import type { Start } from '../start.js';

/**
 * LoRA. Hu et al. 2021, arXiv:2106.09685, section 4.1: ΔW = 0 at the start. A Kaiming-uniform with a = √5, which is
 * U(±√(6/((1 + 5)·in))) = U(±1/√in); B = 0.
 */
export const defaultStart: Definition<init.DefaultStart, Start> = {
  summary: 'A Kaiming-uniform, B zero: the model is unchanged at the start',
  paper: 'arXiv:2106.09685',
  deviations: '',
  create: () =>
    startByModule({
      changesBase: false,
      needsWeight: false,
      operations: ({ columns }, rank) => 100 * rank * columns,
      start: async ({ tensor, rows, columns }, _weight, { rank, alpha, seed }, options) => ({
        a: await kaimingUniform(seed, tensor, [rank, columns], options),
        b: new Float32Array(rows * rank),
        rank,
        alpha,
      }),
    }),
};
