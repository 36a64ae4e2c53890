import type { FactorValues, Parametrisation, StartSource } from '@eigenloom/adapters';
import { incompatible } from '@eigenloom/errors';
import type { InitPlan } from './plan.js';
import { weightOf } from './start-by-module.js';
import type { Pair } from './start.js';

/** An adapter before training. */
export interface StartedAdapter {
  /** With the ranks that its modules have. */
  readonly parametrisation: Parametrisation;
  /** Names of the modules that have tensors of it. */
  readonly modules: readonly string[];
  readonly factors: readonly FactorValues[];
  /** What the start filled, by module path. */
  readonly pairs: ReadonlyMap<string, Pair>;
}

/** The tensors of a plan's adapter: what the start filled by its pairs, the others as they start by themselves. */
export async function startFactors(
  plan: InitPlan,
  pairs: ReadonlyMap<string, Pair>,
  signal: AbortSignal,
): Promise<StartedAdapter> {
  const { start, parametrisation: chosen } = plan;
  const sites = plan.sites
    .filter(({ path }) => !start.fillsPairs || pairs.has(path))
    .toSorted(({ path: x }, { path: y }) => (x < y ? -1 : 1));
  const parametrisation = pairs.size === 0 ? chosen : (chosen.withRanks?.(pairs) ?? chosen);
  const source = sourceOf(plan, signal);
  const factors: FactorValues[] = [];
  for (const { part, module, shape, role, start: own } of parametrisation.tensors(sites)) {
    signal.throwIfAborted();
    const filled = role === undefined || module === null ? undefined : pairs.get(module)?.[role];
    factors.push({ part, module, shape, data: filled ?? (await own(source)) });
  }
  return { parametrisation, modules: sites.map(({ name }) => name), factors, pairs };
}

/** What tensors that no pair fills start from. */
const sourceOf = ({ model, targets, settings: { seed } }: InitPlan, signal: AbortSignal): StartSource => ({
  seed,
  weight(module) {
    const target = targets.find(({ path }) => path === module);
    if (target !== undefined) return weightOf(model, target, signal);
    const name = `${module}.weight`;
    if (!model.tensors.has(name)) throw incompatible('TENSOR_MISSING', `the model has no tensor ${name}`);
    return model.read(name, 'f64', { signal });
  },
});
