import type { Model } from '@eigenloom/checkpoint';
import { Loop, type LoopPlan, type Objective, type ObjectiveData } from '@eigenloom/training';
import type { TrainPlan } from '../plan/train-plan.js';
import { type PreparedNetwork, prepareNetwork } from './prepare-network.js';
import { type Around, trainingLoop } from './training-loop.js';
import { trainingPass } from './training-pass.js';

/** What surrounds a run. */
export interface Surroundings extends Around {
  readonly signal: AbortSignal;
  /** Opens a model of the objective by its role. */
  readonly open?: (role: string) => Promise<Model>;
}

/** Loads what a plan trains, and puts its objective to work on data that have been read. */
export async function prepareTraining(
  plan: TrainPlan,
  objective: Objective,
  data: ObjectiveData,
  { signal, open = noModel, ...around }: Surroundings,
): Promise<{ readonly prepared: PreparedNetwork; readonly steps: LoopPlan; readonly loop: Loop }> {
  const head = { count: data.classes.length, start: data.headStart };
  const prepared = await prepareNetwork(plan, head, signal);
  const state = await objective.prepare(data, {
    ...{ network: prepared.network, head: prepared.head, batchSize: plan.batchSize, seed: plan.seed },
    pass: (step) => trainingPass(plan, prepared, step),
    ...{ signal, open },
  });
  const trained = { objective: state, data, parameters: prepared.trained };
  const steps = trainingLoop(plan, trained, around);
  return { prepared, steps, loop: new Loop(steps, signal) };
}

const noModel = (role: string): Promise<Model> =>
  Promise.reject(new Error(`no model was given for the role ${role}`));
