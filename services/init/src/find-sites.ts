import { candidates, type Parametrisation, type Site, sitesOf } from '@eigenloom/adapters';
import { isInFull, isTargeted, type Model, matchModules } from '@eigenloom/checkpoint';
import { invalidInput } from '@eigenloom/errors';
import { planNetwork } from '@eigenloom/models';
import { allModules, type TargetRequest } from './find-targets.js';

const FIELD = 'target_modules';

/**
 * The modules of a network that get tensors of an adapter which is not for linear modules alone, in the order of the forward pass. Needs a
 * family with a forward pass. Errors: `UNSUPPORTED_ARCHITECTURE`, `FIELD_MISSING`, `FIELD_UNUSED`, `PATTERN_MATCHES_NOTHING`.
 */
export function findSites(
  model: Model,
  { targetModules, modulesToSave }: TargetRequest,
  parametrisation: Parametrisation,
  kind: string,
): Site[] {
  const { modules } = planNetwork(model);
  if (!isTargeted(parametrisation.format)) {
    if (targetModules.length === 0) return sitesOf(parametrisation, modules, []);
    throw invalidInput('FIELD_UNUSED', FIELD, `${kind} is at every place that it can be; leave this out`);
  }
  if (targetModules.length === 0) {
    throw invalidInput('FIELD_MISSING', FIELD, `which modules get ${kind}? "all" means every one that can`);
  }
  const paths = candidates(parametrisation, modules).map(({ path }) => path);
  const meant = allModules(targetModules) ? paths : matchModules(paths, targetModules, FIELD);
  const chosen = meant.filter((path) => !isInFull(path, modulesToSave));
  return sitesOf(parametrisation, modules, chosen);
}
