import { tf } from '@eigenloom/engine';
import { numericFailure } from '@eigenloom/errors';
import { epochBatches } from '@eigenloom/datasets';
import {
  type ClassifiedText,
  classifierLogits,
  evaluateClassifier,
  evaluateLanguageModel,
  type ForwardOptions,
  makeBatch,
  meanCrossEntropy,
  type TrainingKeys,
} from '@eigenloom/models';
import { streamKey } from '@eigenloom/numeric';
import type { TrainPlan } from '../plan/train-plan.js';
import type { PreparedNetwork } from './prepare-network.js';
import type { EvaluationRecord, RunState, StepRecord } from './run-state.js';
import { scheduleFactor } from './schedule.js';
import type { TrainableSet } from './trainable.js';
import type { TrainingData } from './training-data.js';

/** Takes steps and evaluates. What it does follows from the plan, the data and the number of the step alone. */
export class Trainer {
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  readonly #lengths: Int32Array;
  #epoch = { number: -1, batches: [] as Int32Array[] };

  constructor(
    private readonly plan: TrainPlan,
    private readonly prepared: PreparedNetwork,
    private readonly trainable: TrainableSet,
    private readonly data: Omit<TrainingData, 'counts'>,
  ) {
    this.#lengths = Int32Array.from(data.train, ({ ids }) => ids.length);
    this.stepsPerEpoch = Math.ceil(data.train.length / plan.batchSize);
    this.totalSteps =
      plan.maxSteps > 0 ? plan.maxSteps : Math.max(1, Math.ceil(plan.epochs * this.stepsPerEpoch));
  }

  /** Step number `step`, counted from 1. */
  async takeStep(step: number): Promise<StepRecord> {
    const texts = this.#batch(step - 1);
    const variables = this.trainable.variables;
    const { value, grads } = tf.variableGrads(() => this.#loss(texts, step), variables);
    try {
      const loss = (await value.data())[0] ?? NaN;
      if (!Number.isFinite(loss))
        throw numericFailure('NON_FINITE_LOSS', `the loss of step ${step} is not finite`);
      const factor = scheduleFactor(this.plan.schedule, step - 1, this.totalSteps);
      const learningRate = this.plan.optimizer.learningRate * factor;
      const gradientNorm = await this.trainable.update(grads, this.plan.optimizer, learningRate, step);
      return {
        step,
        epoch: Math.floor((step - 1) / this.stepsPerEpoch),
        loss,
        learningRate,
        gradientNorm,
        tokens: texts.reduce((sum, { ids }) => sum + ids.length, 0),
      };
    } finally {
      value.dispose();
      tf.dispose(grads);
    }
  }

  evaluationIsDue(step: number): boolean {
    if (this.data.validation === null) return false;
    const every = this.plan.evalSteps > 0 ? this.plan.evalSteps : this.stepsPerEpoch;
    return step % every === 0 || step === this.totalSteps;
  }

  async evaluate(step: number, signal: AbortSignal): Promise<EvaluationRecord> {
    const texts = this.data.validation ?? [];
    const { network, head, adapters } = this.prepared;
    const options = { adapters, batchSize: this.plan.batchSize, signal };
    const { loss, accuracy } =
      head === null
        ? await evaluateLanguageModel(network, texts, options)
        : await evaluateClassifier(network, head, texts, options);
    return { step, loss, accuracy };
  }

  /** Adds an evaluation to the state; true when it is the best so far. */
  record(state: RunState, evaluation: EvaluationRecord): boolean {
    state.evaluations.push(evaluation);
    const better = evaluation.loss < state.bestLoss;
    if (better) {
      state.bestLoss = evaluation.loss;
      state.bestStep = evaluation.step;
    }
    state.evaluationsSinceBest = better ? 0 : state.evaluationsSinceBest + 1;
    const { earlyStoppingPatience: patience } = this.plan;
    if (patience > 0 && state.evaluationsSinceBest >= patience) state.finished = true;
    return better;
  }

  #batch(index: number): ClassifiedText[] {
    const number = Math.floor(index / this.stepsPerEpoch);
    if (this.#epoch.number !== number) {
      this.#epoch = {
        number,
        batches: epochBatches(this.#lengths, this.plan.batchSize, this.plan.seed, number),
      };
    }
    const indices = this.#epoch.batches[index % this.stepsPerEpoch] ?? new Int32Array(0);
    return Array.from(indices, (i) => this.data.train[i]).filter((text) => text !== undefined);
  }

  #loss(texts: readonly ClassifiedText[], step: number): tf.Scalar {
    const { network, head, adapters } = this.prepared;
    const batch = makeBatch(
      texts.map(({ ids }) => ids),
      network.config.padTokenId,
    );
    const options: ForwardOptions = { adapters, training: this.#keys(step) };
    if (head === null) return network.languageLoss(batch, options);
    const labels = Int32Array.from(texts, ({ label }) => label);
    return meanCrossEntropy(classifierLogits(network, head, batch, options), labels);
  }

  #keys(step: number): TrainingKeys {
    return { key: (site) => streamKey(this.plan.seed, 'dropout', step, site) };
  }
}
