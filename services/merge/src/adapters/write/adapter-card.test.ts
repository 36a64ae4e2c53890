import { merge } from '@eigenloom/contracts';

import { requestOf } from '../../testing/job-context.js';
import { adapterCard } from './adapter-card.js';
import type { ModuleReport } from './module-report.js';

const card = (modules: readonly ModuleReport[]): string =>
  adapterCard({
    request: requestOf({ method: merge.MergeMethod.fromJSON({ adapter_linear: {} }) }),
    method: { id: 'adapter_linear', summary: 'Sums', paper: 'none' },
    inputs: [],
    lineage: { inputs: {} },
    modules,
    notes: [],
  });

test('an adapter of 300,000 modules has a card with the totals over all', () => {
  const modules = Array.from({ length: 300_000 }, (_, i) => ({
    module: `experts.${i}`,
    rank: 2 + (i % 7),
    norm: 3,
    error: i === 5 ? 0.3 : 0,
  }));
  const text = card(modules);
  // ‖ΔW‖ = √(300,000·3²).
  expect(text).toContain('300000 modules of rank 2 to 8; ‖ΔW‖ = 1643.17, error 0.300.');
  expect(text).toContain('worst module, `experts.5`: 0.100.');
});
