import { atPlace } from '@eigenloom/checkpoint';
import { type NetworkPlan, planNetwork } from '@eigenloom/models';

import type { PlannedInput } from '../../plan/planned.js';

/** The network of one of a merge's models; errors say of which. Errors: `UNSUPPORTED_ARCHITECTURE` and those of its config. */
export function networkOf({ model, label }: PlannedInput): NetworkPlan {
  try {
    return planNetwork(model);
  } catch (error) {
    throw atPlace(error, { field: label });
  }
}
