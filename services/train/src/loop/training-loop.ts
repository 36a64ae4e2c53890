import type { tf } from '@eigenloom/engine';
import { BatchOrder } from '@eigenloom/datasets';
import { loadAhead } from '@eigenloom/models';
import {
  type CheckpointPlan,
  type EvaluationPlan,
  type Evaluation,
  gradientsOf,
  type LoopObserver,
  type LoopPlan,
  type ObjectiveData,
  type ObjectivePlayer,
  type ObjectiveState,
  Optimizer,
  type Player,
  scheduleFactor,
} from '@eigenloom/training';
import type { TrainPlan } from '../plan/train-plan.js';
import { ruleOf } from '../plan/choices.js';

/** What a plan trains, and by what. */
export interface Trained {
  readonly objective: ObjectiveState;
  readonly data: ObjectiveData;
  readonly parameters: ReadonlyMap<string, tf.Variable>;
}

/** What the loop is given beside the plan. */
export interface Around {
  readonly checkpoints?: CheckpointPlan;
  readonly observer?: (totalSteps: number) => LoopObserver<Evaluation>;
}

/** The steps of a plan: batches of the data in the plan's order, the losses of its objective, the optimiser's rate by its schedule. */
export function trainingLoop(
  plan: TrainPlan,
  { objective, data, parameters }: Trained,
  { checkpoints, observer }: Around = {},
): LoopPlan {
  const { batchSize, seed } = plan;
  const { lengths } = data.train;
  const order = new BatchOrder({ lengths, batchSize, seed });
  const totalSteps = plan.maxSteps > 0 ? plan.maxSteps : Math.max(1, Math.ceil(plan.epochs * order.perEpoch));
  const all = new Map([...parameters, ...(objective.parameters ?? [])]);
  const playing: readonly [ObjectivePlayer, ...ObjectivePlayer[]] = objective.players?.(all) ?? [
    { name: 'loss', parameters: all, losses: (indices, step) => objective.losses(indices, step) },
  ];
  const [first, ...others] = playing;
  const player = (own: ObjectivePlayer): Player => ({
    name: own.name,
    optimizer: new Optimizer(own.parameters, ruleOf(plan), { ...plan.optimizer, seed }),
    take: gradientsOf((step) => own.losses(order.batch(step - 1), step), objective.combine),
    rate: (step) => plan.optimizer.learningRate * scheduleFactor(plan.schedule, step - 1, totalSteps),
  });
  return {
    players: [player(first), ...others.map(player)],
    totalSteps,
    stepsPerEpoch: order.perEpoch,
    isKept: (name) => parameters.has(name),
    tokensOf: (step) => order.batch(step - 1).reduce((sum, i) => sum + (lengths[i] ?? 0), 0),
    async beforeStep(step) {
      await objective.load?.(order.batch(step - 1));
      loadAhead(objective, step < totalSteps ? order.batch(step) : undefined);
    },
    afterStep: async (step) => objective.afterStep?.(step),
    evaluation: data.validation === null ? undefined : evaluationOf(plan, objective, order, totalSteps),
    extra: {
      save: async () => (await objective.tensors?.()) ?? new Map(),
      restore: (saved) => objective.restore?.(saved),
    },
    checkpoints,
    observer: observer?.(totalSteps),
  };
}

function evaluationOf(
  plan: TrainPlan,
  objective: ObjectiveState,
  { perEpoch }: BatchOrder,
  totalSteps: number,
): EvaluationPlan<Evaluation> {
  const every = plan.evalSteps > 0 ? plan.evalSteps : perEpoch;
  return {
    due: (step) => step % every === 0 || step === totalSteps,
    evaluate: () => objective.evaluate(),
    patience: plan.earlyStoppingPatience,
    keepBest: plan.keepBest,
  };
}
