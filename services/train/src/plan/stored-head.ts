import { join } from 'node:path';
import { readAdapterFolder } from '@eigenloom/adapters';
import { adapterLabels, type Model } from '@eigenloom/checkpoint';
import { classNamesOf, headSpecs, type NetworkPlan } from '@eigenloom/models';
import type { StoredHead } from '@eigenloom/training';
import { objectiveOf } from './choices.js';
import type { TrainPlan } from './train-plan.js';

/** The head that training goes on from, if the class labels allow it: the adapter's, else the model's own. Reads no weights. */
export async function storedHead(
  plan: TrainPlan,
  model: Model,
  network: NetworkPlan,
  signal: AbortSignal,
): Promise<StoredHead | null> {
  const { method } = plan;
  const head = objectiveOf(plan).head(network);
  if (head === null) return null;
  const rowsIn = (
    tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>,
  ): number | undefined => {
    const rows = tensors.get(`${head.module}.weight`)?.shape[0];
    if (rows === undefined) return undefined;
    const specs = headSpecs(network, head, rows);
    return specs.every(({ name, shape }) => tensors.get(name)?.shape.join() === shape.join())
      ? rows
      : undefined;
  };
  const named = (
    from: StoredHead['from'],
    count: number,
    config: Model['config'],
    where: string,
  ): StoredHead => {
    const names = classNamesOf(config, where);
    // The names of another head than the one that is stored say nothing.
    return { from, count, names: names?.length === count ? names : undefined };
  };
  if (method.kind === 'adapter') {
    const count = rowsIn((await readAdapterFolder(method.adapterPath, { signal })).savedTensors);
    if (count !== undefined) {
      const labels = await adapterLabels(method.adapterPath);
      return labels === undefined
        ? named('adapter', count, model.config, "the model's config.json")
        : named('adapter', count, labels, join('adapter', 'config.json'));
    }
  }
  const count = rowsIn(model.tensors);
  return count === undefined ? null : named('model', count, model.config, "the model's config.json");
}
