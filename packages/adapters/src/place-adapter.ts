import { tf } from '@eigenloom/engine';
import { incompatible } from '@eigenloom/errors';
import type { AppliedAdapter, ModuleSpec } from '@eigenloom/models';

import { bindAdapter } from './bind.js';
import type { AdapterFiles } from './definition.js';
import { type AdapterTensor, type FactorValues, factorName } from './parametrisation.js';
import { sitesOf } from './sites.js';

/** An adapter on the current tf.js backend. */
export interface PlacedAdapter {
  readonly applied: AppliedAdapter;
  /** What is trained, in the order of the files, by `factorName` of the paths in the network. */
  readonly trained: ReadonlyMap<string, tf.Variable>;
}

/** Places an adapter in a network. Errors: `ADAPTER_DOES_NOT_FIT` (a module that the network lacks, a tensor of another shape). */
export function placeAdapter(
  { parametrisation, modules, factors }: Pick<AdapterFiles, 'parametrisation' | 'modules' | 'factors'>,
  network: { readonly modules: readonly ModuleSpec[] },
): PlacedAdapter {
  const sites = sitesOf(parametrisation, network.modules, modules);
  const pathOf = new Map(sites.map(({ name, path }) => [name, path]));
  const wanted = new Map(parametrisation.tensors(sites).map((t) => [factorName(t.part, t.module), t]));
  const tensors = new Map<string, tf.Tensor>();
  const trained = new Map<string, tf.Variable>();
  for (const factor of factors) {
    const path = factor.module === null ? null : (pathOf.get(factor.module) ?? factor.module);
    const name = factorName(factor.part, path);
    const spec = wanted.get(name);
    requireShape(factor, spec);
    const values = tf.tensor(factor.data, [...factor.shape]);
    if (spec.trained) {
      trained.set(name, tf.variable(values, true));
      values.dispose();
    }
    tensors.set(name, trained.get(name) ?? values);
  }
  const missing = [...wanted.keys()].find((name) => !tensors.has(name));
  if (missing !== undefined) throw doesNotFit(`has no ${missing}`);
  return { applied: bindAdapter(parametrisation, sites, tensors), trained };
}

function requireShape(
  { part, module, shape }: FactorValues,
  spec: AdapterTensor | undefined,
): asserts spec is AdapterTensor {
  const what = module === null ? part : `${module}: ${part}`;
  if (spec === undefined) throw doesNotFit(`${what} has no place in the model`);
  if (spec.shape.join() === shape.join()) return;
  throw doesNotFit(`${what} is [${shape.join(', ')}], the model needs [${spec.shape.join(', ')}]`);
}

const doesNotFit = (why: string): Error => incompatible('ADAPTER_DOES_NOT_FIT', `adapter: ${why}`);
