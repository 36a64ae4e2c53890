import type { Report } from '@eigenloom/report';
import type { InitPlan } from './plan.js';
import type { Pair } from './start.js';

/** What was started: the modules with their ranks. */
export function reportOf(
  { method }: Pick<InitPlan, 'method'>,
  pairs: ReadonlyMap<string, Pair>,
): Report & { readonly metrics: Readonly<Record<string, number>> } {
  const ranks = [...pairs.values()].map(({ rank }) => rank);
  const parameters = [...pairs.values()].reduce((sum, { a, b }) => sum + a.length + b.length, 0);
  return {
    title: 'Adapter before training',
    method: method.id,
    paper: method.paper,
    metrics: {
      modules: pairs.size,
      parameters,
      min_rank: ranks.reduce((least, rank) => Math.min(least, rank), Infinity),
      max_rank: ranks.reduce((most, rank) => Math.max(most, rank), 0),
    },
    tables: [
      {
        id: 'modules',
        title: 'Adapted modules',
        columns: [{ name: 'module' }, { name: 'rank' }, { name: 'alpha' }, { name: 'parameters' }],
        rows: [...pairs].map(([module, { rank, alpha, a, b }]) => ({
          ...{ module, rank, alpha, parameters: a.length + b.length },
        })),
      },
    ],
    charts: [],
    verdicts: [],
    notes: [],
  };
}
