import { tf } from '@eigenloom/engine';
import type { AppliedAdapter, ModuleSpec } from '@eigenloom/models';

import { bindAdapter } from './bind.js';
import type { AdapterFiles } from './definition.js';
import { fitAdapter } from './fit-adapter.js';

/** An adapter on the current tf.js backend. */
export interface PlacedAdapter {
  readonly applied: AppliedAdapter;
  /** What is trained, in the order of the files, by `factorName` of the paths in the network. */
  readonly trained: ReadonlyMap<string, tf.Variable>;
}

/** Places an adapter in a network. Errors: those of `fitAdapter`. */
export function placeAdapter(
  adapter: Pick<AdapterFiles, 'parametrisation' | 'modules' | 'factors'>,
  network: { readonly modules: readonly ModuleSpec[] },
): PlacedAdapter {
  const { sites, factors } = fitAdapter(adapter, network);
  const tensors = new Map<string, tf.Tensor>();
  const trained = new Map<string, tf.Variable>();
  for (const { factor, name, trained: isTrained } of factors) {
    const values = tf.keep(tf.tensor(factor.data, [...factor.shape]));
    tensors.set(name, values);
    if (!isTrained) continue;
    const variable = tf.variable(values, true);
    values.dispose();
    trained.set(name, variable);
    tensors.set(name, variable);
  }
  return { applied: bindAdapter(adapter.parametrisation, sites, tensors), trained };
}
