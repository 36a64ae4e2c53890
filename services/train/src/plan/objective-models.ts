import { openModel } from '@eigenloom/adapters';
import { type Model, opening, type Place } from '@eigenloom/checkpoint';
import { loadTokenizer, planNetwork } from '@eigenloom/models';
import type { KnownClasses, Objective, OpenedModel } from '@eigenloom/training';
import type { TrainPlan } from './train-plan.js';

/** Opens the model that a plan's objective has in this role. */
export function openRole(
  { models }: Pick<TrainPlan, 'models'>,
  role: string,
  signal: AbortSignal,
  places?: { readonly model: Place; readonly adapters: readonly Place[] },
): Promise<Model> {
  const found = models[role];
  if (found === undefined) throw new Error(`the plan has no model for the role ${role}`);
  return openModel(found.path, { adapters: found.adapterPaths, signal, places });
}

/**
 * Opens the models of an objective, by role, and asks it whether they go with the one that is trained. Reads no weights. Errors name the
 * field of the request.
 */
export async function checkObjectiveModels(
  plan: Pick<TrainPlan, 'models' | 'modelPath' | 'maxLength'>,
  objective: Objective,
  trained: { readonly model: Model; readonly classes: KnownClasses },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, OpenedModel>> {
  const others = new Map<string, OpenedModel>();
  for (const { role, field, uri, adapters } of objective.models ?? []) {
    const place = { field: `${field}.uri`, uri };
    const model = await openRole(plan, role, signal, {
      model: place,
      adapters: adapters.map((each, index) => ({ field: `${field}.adapters[${index}]`, uri: each })),
    });
    const network = await opening(place, () => planNetwork(model));
    const path = plan.models[role]?.path ?? '';
    others.set(role, { model, network, tokenizer: () => opening(place, () => loadTokenizer(path)) });
  }
  await objective.checkModels?.(others, {
    ...trained,
    network: planNetwork(trained.model),
    tokenizer: () => loadTokenizer(plan.modelPath),
    maxLength: plan.maxLength,
  });
  return others;
}

/** The classes of an objective that has none. */
export const NO_CLASSES: KnownClasses = { names: [], areAll: true };
