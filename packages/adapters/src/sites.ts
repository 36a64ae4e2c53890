import { findTensor, isTargeted } from '@eigenloom/checkpoint';
import { incompatible } from '@eigenloom/errors';
import type { ModuleSpec } from '@eigenloom/models';

import type { Parametrisation, Site } from './parametrisation.js';

/** The modules of the layers that a parametrisation can be added to. */
export const candidates = (
  { at }: Pick<Parametrisation, 'at'>,
  modules: readonly ModuleSpec[],
): readonly ModuleSpec[] => modules.filter(({ kind, head }) => head === undefined && at.includes(kind));

/**
 * The sites of an adapter in a network: its modules by name, or every module that it can be added to where its format names none. Errors: `ADAPTER_DOES_NOT_FIT`.
 */
export function sitesOf(
  parametrisation: Parametrisation,
  modules: readonly ModuleSpec[],
  names: readonly string[],
): Site[] {
  const all = candidates(parametrisation, modules);
  if (!isTargeted(parametrisation.format))
    return all.map((module, index) => ({ ...module, name: module.path, index }));
  const byWeight = new Map(all.map((module) => [`${module.path}.weight`, module]));
  return names.map((name, index) => {
    const module = findTensor(`${name}.weight`, byWeight);
    if (module !== undefined) return { ...module, name, index };
    const kinds = parametrisation.at.join(' or ');
    throw incompatible(
      'ADAPTER_DOES_NOT_FIT',
      `adapter: ${name} is not a ${kinds} module of the model's layers`,
    );
  });
}
