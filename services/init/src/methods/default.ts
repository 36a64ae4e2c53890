import type { Definition, init } from '@eigenloom/contracts';
import { createHash } from 'node:crypto';

import { randomUniform } from '@eigenloom/numeric';
import { startByModule } from '../start-by-module.js';
import type { Start } from '../start.js';

/** Random stream of a tensor: numbers do not depend on which other modules are adapted, nor on their order. */
const streamOf = (name: string): bigint => createHash('sha256').update(name).digest().readBigUInt64LE();

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
      async start({ tensor, rows, columns }, _weight, { rank, alpha, seed }, options) {
        const length = rank * columns;
        const uniform = await randomUniform(
          { seed, stream: streamOf(tensor), length, precision: 'f64' },
          options,
        );
        const bound = 1 / Math.sqrt(columns);
        return {
          a: Float32Array.from(uniform, (value) => bound * (2 * value - 1)),
          b: new Float32Array(rows * rank),
          rank,
          alpha,
        };
      },
    }),
};
