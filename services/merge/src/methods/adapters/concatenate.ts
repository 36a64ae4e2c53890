import type { merge } from '@eigenloom/contracts';

import { adapterMethod, totalRank } from '../../adapters/steps/adapter-method.js';
import { joinColumns, scalesOf, stackRows } from '../../adapters/steps/stack-factors.js';

/** Σ wᵢsᵢBᵢAᵢ, exactly: A = [w₁s₁A₁; …; wₙsₙAₙ], B = [B₁ … Bₙ]. The `cat` of PEFT's `add_weighted_adapter`. */
export const adapterConcatenate = adapterMethod<merge.AdapterConcatenate>({
  summary: 'Adapters to one adapter, exactly; ranks add up',
  paper: 'PEFT, add_weighted_adapter (cat)',
  deviations:
    'Where only some of the adapters have a module its rank is the sum of theirs alone; PEFT pads with ' +
    'zeros to the sum of all.',
  checked: 'PEFT 0.21, ΔW within 2e-6 of the largest value.',
  symmetric: true,
  alike: 'nothing',
  create: () => ({
    rankOf: totalRank,
    async mergePairs(module, kernels) {
      const factors = await kernels.factors();
      const a = await stackRows(
        factors.map(({ a: matrix }) => matrix),
        scalesOf(module.members),
      );
      const b = await joinColumns(factors.map(({ b: matrix }) => matrix));
      return { a: a.data, b: b.data, rank: a.rows, scaling: 1 };
    },
  }),
});
