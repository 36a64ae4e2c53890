import { EXAMPLE_KINDS, type ExampleReader, type NetworkPlan } from '@eigenloom/models';
import type { TrainPlan } from './train-plan.js';

/** What reads the examples of a plan, of the kind that its model reads. Errors name a file of the model. */
export const openReader = (
  { modelPath: directory, maxLength }: TrainPlan,
  network: NetworkPlan,
): Promise<ExampleReader> => EXAMPLE_KINDS[network.family.input].open({ directory, network, maxLength });
