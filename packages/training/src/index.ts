/** How weights are learned: the loop, checkpoints, schedules, optimisers and objectives. */
export {
  CheckpointStore,
  type RunIdentity,
  type TrainingCheckpoint,
} from './checkpoints/checkpoint-store.js';
export { planFingerprint } from './checkpoints/fingerprint.js';
export type { NamedTensors, TensorArray, TensorValues } from './checkpoints/named-tensors.js';
export { readTensors, readWeights, writeTensors } from './checkpoints/tensor-file.js';
export type { ObjectiveChoice, OptimizerChoice } from './choice.js';
export { backward, type Visit } from './gradients/backward.js';
export { finiteLoss } from './gradients/finite.js';
export {
  type CombineGradients,
  type Gradients,
  gradientsOf,
  type NamedLosses,
  type TakeGradients,
  type TakenGradients,
  type WeightedLoss,
} from './gradients/take-gradients.js';
export { recomputed } from './gradients/tape.js';
export { breathe } from './loop/breathe.js';
export { Loop, type LoopResult } from './loop/loop.js';
export type {
  CheckpointPlan,
  EvaluationPlan,
  ExtraState,
  LoopObserver,
  LoopPlan,
  Player,
} from './loop/loop-plan.js';
export { TrainingProgress } from './loop/progress.js';
export type { Evaluation, EvaluationRecord, RunState, StepRecord } from './loop/run-state.js';
export { OBJECTIVES } from './objectives/index.js';
export type {
  CardLines,
  DataCounts,
  Forwarded,
  KnownClasses,
  Objective,
  ObjectiveContext,
  ObjectiveData,
  ObjectiveFiles,
  ObjectiveModel,
  ObjectivePlayer,
  ObjectiveState,
  OpenedModel,
  Reading,
  TrainedModel,
} from './objectives/objective.js';
export { chooseClasses, type ChosenClasses, todoOf } from './objectives/classification/choose-classes.js';
export { headCard, labelConfig } from './objectives/classification/head-files.js';
export type { HeadStart, StoredHead } from './objectives/stored-head.js';
export { ADAMW_DEFAULTS, adamwRule, type AdamWSettings } from './optimizers/adamw.js';
export { gradientDescent } from './optimizers/gradient-descent.js';
export { OPTIMIZERS } from './optimizers/index.js';
export { type Group, Optimizer, type OptimizerSettings, type TakenStep } from './optimizers/optimizer.js';
export type {
  Move,
  Moving,
  OptimizerRule,
  Parameter,
  SlotSpec,
  Slots,
  TrainedKind,
} from './optimizers/optimizer-rule.js';
export { type Schedule, scheduleFactor, type ScheduleKind } from './schedules/schedule.js';
