import { invalidInput } from '@eigenloom/errors';
import { type Batch, EXAMPLE_KINDS, type NetworkPlan } from '@eigenloom/models';

/** Refuses a model that reads another kind of example than an objective learns from. `field` is the objective's. Errors: `INPUT_KIND`. */
export function requireInput({ family }: NetworkPlan, wanted: Batch['kind'], field: string): void {
  if (family.input === wanted) return;
  const [reads, learns] = [EXAMPLE_KINDS[family.input].noun, EXAMPLE_KINDS[wanted].noun];
  const why = `learns from ${learns}, and the model, of the ${family.id} family, reads ${reads}`;
  throw invalidInput('INPUT_KIND', field, why);
}
