import { incompatible } from '@eigenloom/errors';
import type { ModuleSpec } from '@eigenloom/models';

import type { AdapterFiles } from './definition.js';
import { type AdapterTensor, type FactorValues, type Site, factorName } from './parametrisation.js';
import { sitesOf } from './sites.js';

/** A tensor of an adapter with its place in a network. */
export interface FittedFactor {
  readonly factor: FactorValues;
  /** `factorName` of its path in the network. */
  readonly name: string;
  readonly trained: boolean;
}

export interface FittedAdapter {
  readonly sites: readonly Site[];
  /** In the order of the files. */
  readonly factors: readonly FittedFactor[];
}

/**
 * Finds the place of every tensor of an adapter in a network. Errors: `ADAPTER_DOES_NOT_FIT` (a module that the network lacks, a tensor of
 * another shape, a missing tensor).
 */
export function fitAdapter(
  { parametrisation, modules, factors }: Pick<AdapterFiles, 'parametrisation' | 'modules' | 'factors'>,
  network: { readonly modules: readonly ModuleSpec[] },
): FittedAdapter {
  const sites = sitesOf(parametrisation, network.modules, modules);
  const pathOf = new Map(sites.map(({ name, path }) => [name, path]));
  const wanted = new Map(parametrisation.tensors(sites).map((t) => [factorName(t.part, t.module), t]));
  const fitted = factors.map((factor) => {
    const path = factor.module === null ? null : (pathOf.get(factor.module) ?? factor.module);
    const name = factorName(factor.part, path);
    const spec = wanted.get(name);
    requireShape(factor, spec);
    return { factor, name, trained: spec.trained };
  });
  const found = new Set(fitted.map(({ name }) => name));
  const missing = [...wanted.keys()].find((name) => !found.has(name));
  if (missing !== undefined) throw doesNotFit(`has no ${missing}`);
  return { sites, factors: fitted };
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
