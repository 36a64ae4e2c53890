import type { Definition, init } from '@eigenloom/contracts';
import { qr } from '@eigenloom/numeric';
import { startByModule } from '../start-by-module.js';
import type { Start } from '../start.js';

/**
 * OLoRA. Büyükakyüz 2024, arXiv:2406.01775: W = Q·R, B the first r columns of Q, A the first r rows of R, and the base becomes
 * W − s·B·A with the scale s of the pair, so that residual and pair make W at any s.
 */
export const olora: Definition<init.OloraStart, Start> = {
  summary: 'The first columns and rows of the QR decomposition of the weight; the rest stays in the base',
  paper: 'arXiv:2406.01775',
  deviations:
    'The decomposition is in float64, and the diagonal of R is not negative, which makes a start reproducible and leaves B·A as it is in PEFT.',
  create: () =>
    startByModule({
      changesBase: true,
      needsWeight: true,
      operations: ({ rows, columns }) => 4 * rows * columns * Math.min(rows, columns),
      async start({ rows, columns }, data, { rank, alpha }, options) {
        const { q, r } = await qr({ rows, columns, data }, options);
        const a = new Float32Array(rank * columns);
        const b = new Float32Array(rows * rank);
        for (let k = 0; k < rank; k += 1) {
          const sign = (r.data[k * columns + k] ?? 0) < 0 ? -1 : 1;
          for (let j = k; j < columns; j += 1) a[k * columns + j] = sign * (r.data[k * columns + j] ?? 0);
          for (let i = 0; i < rows; i += 1) b[i * rank + k] = sign * (q.data[i * q.columns + k] ?? 0);
        }
        return { a, b, rank, alpha };
      },
    }),
};
