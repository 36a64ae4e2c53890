import type { Cell, Report } from '@eigenloom/report';
import type { InitPlan } from './plan.js';
import type { StartedAdapter } from './start-factors.js';

type Row = Readonly<Record<'module' | 'rank' | 'alpha' | 'parameters', Cell>>;

/** What was started: the modules with their ranks, where the adapter has such. Tensors that modules share are a row without a module. */
export function reportOf(
  { method, adapter, parametrisation }: Pick<InitPlan, 'method' | 'adapter' | 'parametrisation'>,
  { factors, pairs, modules }: StartedAdapter,
): Report & { readonly metrics: Readonly<Record<string, number>> } {
  const values = new Map<string | null, number>();
  for (const { module, data } of factors) values.set(module, (values.get(module) ?? 0) + data.length);
  const rows = [...values].map(([module, parameters]): Row => {
    const own = module === null ? undefined : (pairs.get(module) ?? parametrisation.pair);
    return { module: module ?? 'shared', rank: own?.rank ?? null, alpha: own?.alpha ?? null, parameters };
  });
  const ranks = rows.flatMap(({ rank }) => (typeof rank === 'number' ? [rank] : []));
  return {
    title: `Adapter before training: ${adapter.id}`,
    method: method.id,
    paper: method.paper,
    metrics: {
      modules: modules.length,
      parameters: factors.reduce((sum, { data }) => sum + data.length, 0),
      ...(ranks.length > 0 && { min_rank: Math.min(...ranks), max_rank: Math.max(...ranks) }),
    },
    tables: [
      {
        id: 'modules',
        title: 'Adapted modules',
        columns: ['module', 'rank', 'alpha', 'parameters'].map((name) => ({ name })),
        rows,
      },
    ],
    charts: [],
    verdicts: [],
    notes: [],
  };
}
