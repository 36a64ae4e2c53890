import { join } from 'node:path';
import type { EngineContext, EngineModule } from '@eigenloom/engine';
import { planNetwork } from '@eigenloom/models';
import {
  CheckpointStore,
  type LoopResult,
  type ObjectiveData,
  planFingerprint,
  type Reading,
  TrainingProgress,
  writeTensors,
} from '@eigenloom/training';
import { checkSteps } from '../plan/check-steps.js';
import { objectiveOf } from '../plan/choices.js';
import { checkObjectiveModels, openRole } from '../plan/objective-models.js';
import { openReader } from '../plan/open-reader.js';
import { storedHead } from '../plan/stored-head.js';
import type { TrainPlan } from '../plan/train-plan.js';
import {
  FENCE_CALL,
  READ_CALL,
  type TrainedState,
  type TrainingInput,
  type TrainingOutput,
} from './messages.js';
import { openBase } from './prepare-network.js';
import { prepareTraining } from './prepare-training.js';

/** Training in a worker thread. Resumes from the newest whole checkpoint in `scratch`. */
const run: EngineModule<TrainingInput, TrainingOutput> = async (input, context) => {
  const { plan, inputs, scratch } = input;
  const { signal } = context;
  context.report({ phase: 'reading data', fraction: 0 });
  const objective = objectiveOf(plan);
  const data = await objective.read(await readingOf(plan, signal));
  await context.call(READ_CALL, data.counts);
  context.report({ phase: 'loading the model', fraction: 0 });
  // A step of a pipeline names models that did not exist when it was validated; and now all classes are known.
  const trained = {
    model: await openBase(plan, signal),
    classes: { names: data.classes, areAll: true },
  };
  await checkObjectiveModels(plan, objective, trained, signal);
  const { steps, loop } = await prepareTraining(plan, objective, data, {
    signal,
    open: (role) => openRole(plan, role, signal),
    checkpoints: {
      store: new CheckpointStore(join(scratch, 'checkpoints'), {
        fingerprint: planFingerprint(plan),
        inputs,
      }),
      every: plan.checkpointSteps,
      fence: async () => {
        await context.call(FENCE_CALL);
      },
    },
    observer: (totalSteps) => new TrainingProgress(totalSteps, context.report),
  });
  checkSteps(steps.totalSteps);
  const result = await loop.run().finally(() => close(data));
  const weightsFile = join(scratch, 'weights.safetensors');
  await writeTensors(weightsFile, result.parameters);
  return {
    ...{ state: stateOf(result), labels: data.classes, counts: data.counts, weightsFile },
    ...{ keptStep: result.keptStep, totalSteps: steps.totalSteps },
    optimizerBytes: steps.players.reduce((sum, { optimizer }) => sum + optimizer.stateBytes, 0),
  };
};
export default run;

async function readingOf(plan: TrainPlan, signal: EngineContext['signal']): Promise<Reading> {
  const model = await openBase(plan, signal);
  const network = planNetwork(model);
  return {
    ...{ train: plan.trainData, validation: plan.validationData, signal },
    reader: await openReader(plan, network),
    storedHead: () => storedHead(plan, model, network, signal),
  };
}

async function close({ train, validation }: ObjectiveData): Promise<void> {
  await train.close?.();
  await validation?.close?.();
}

const stateOf = ({ state }: LoopResult): TrainedState => ({
  step: state.step,
  evaluations: state.evaluations.map(({ step, loss, metrics }) => ({ step, loss, metrics })),
  steps: state.steps,
});
