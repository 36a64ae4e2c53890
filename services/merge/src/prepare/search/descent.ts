import { type EngineContext, tf } from '@eigenloom/engine';
import {
  adamwRule,
  type Evaluation,
  type EvaluationPlan,
  Loop,
  Optimizer,
  scheduleFactor,
  type StepRecord,
  type TakeGradients,
} from '@eigenloom/training';

import { lossGradient } from './coefficient-loss.js';
import type { CoefficientRule } from './coefficient-rule.js';
import type { KeepBest } from './keep-best.js';
import type { LearnSettings } from './learn-settings.js';
import { addNormPenalty } from './norm-penalty.js';
import type { Search } from './open-search.js';
import { TaskBatches } from './task-batches.js';
import type { TaskScore } from './task-network.js';

/** What is descended on. */
export interface DescentInput {
  readonly search: Search;
  readonly settings: LearnSettings;
  readonly rule: CoefficientRule;
  readonly batchSize: number;
  readonly seed: bigint;
}

/** How the numbers that are met on the way are judged. */
export interface Judging {
  readonly keep: KeepBest;
  readonly scores: (learned: Float32Array) => Promise<TaskScore[]>;
  /** Hears of the scores after each epoch. */
  scored(scores: readonly TaskScore[]): void;
}

interface Scored extends Evaluation {
  readonly scores: readonly TaskScore[];
}

const LEARNED = 'learned';

/** AdamW on the numbers that coefficients follow from, with torch's constants, which the authors of all methods here use. */
export class Descent {
  readonly #variable: tf.Variable;
  readonly #batches: TaskBatches;
  /** Of the schedule. */
  readonly #total: number;
  readonly #totalSteps: number;

  constructor(
    private readonly input: DescentInput,
    private readonly initial: Float32Array,
  ) {
    const { search, settings, batchSize, seed } = input;
    this.#variable = tf.tidy(() => tf.variable(tf.tensor1d(Float32Array.from(initial)), false));
    this.#batches = new TaskBatches(search.tasks, batchSize, seed);
    const ofEpochs = settings.epochs * this.#batches.perEpoch;
    this.#total = settings.maxSteps > 0 ? settings.maxSteps : ofEpochs;
    this.#totalSteps = Math.min(this.#total, ofEpochs);
  }

  /** The numbers that were kept, and the steps that were taken. */
  async run(
    { signal, report }: Pick<EngineContext, 'signal' | 'report'>,
    judging: Judging,
  ): Promise<{ learned: Float32Array; steps: number }> {
    const { settings, seed } = this.input;
    const { learningRate, weightDecay, maxGradientNorm } = settings.optimizer;
    const schedule = { kind: settings.cosine ? ('cosine' as const) : ('constant' as const), warmupSteps: 0 };
    const optimizer = new Optimizer(new Map([[LEARNED, this.#variable]]), adamwRule(), {
      ...{ weightDecay, maxGradientNorm, seed },
      // Coefficients decay though they are a vector.
      group: () => ({ weightDecay }),
    });
    const loop = new Loop<Scored>(
      {
        players: [
          {
            name: 'coefficients',
            optimizer,
            take: (step) => this.#take(step),
            rate: (step) => learningRate * scheduleFactor(schedule, step - 1, this.#total),
          },
        ],
        totalSteps: this.#totalSteps,
        stepsPerEpoch: this.#batches.perEpoch,
        evaluation: judging.keep.needsScores ? this.#evaluation(judging) : undefined,
        observer: {
          step: ({ step, loss }: StepRecord) => {
            report({
              ...{ fraction: step / this.#total, phase: 'learning coefficients' },
              metrics: { step, loss },
            });
          },
          evaluated: ({ scores }) => {
            judging.scored(scores);
          },
        },
      },
      signal,
    );
    const { state, parameters } = await loop.run();
    optimizer.dispose();
    this.#variable.dispose();
    // Where nothing is better than the start, that is kept.
    const kept = judging.keep.needsScores && state.bestStep < 0 ? undefined : parameters.get(LEARNED)?.values;
    return { learned: (kept as Float32Array | undefined) ?? this.initial, steps: state.step };
  }

  #evaluation(judging: Judging): EvaluationPlan<Scored> {
    const { perEpoch } = this.#batches;
    return {
      due: (step) => step % perEpoch === 0 || step === this.#totalSteps,
      evaluate: async () => {
        const scores = await judging.scores(await this.#learned());
        return { loss: scores.reduce((sum, { loss }) => sum + loss, 0), metrics: {}, scores };
      },
      isBetter: ({ scores }) => judging.keep.isBetter(scores),
      isEnd: ({ scores }) => judging.keep.isEnd(scores),
      patience: 0,
      keepBest: true,
    };
  }

  readonly #take = async (step: number): ReturnType<TakeGradients> => {
    const { search, settings, rule } = this.input;
    const { merged, tasks } = search;
    const learned = await this.#learned();
    const coefficients = rule.of(learned);
    merged.assign(coefficients);
    const scale = settings.logitScale ? (learned[rule.size] ?? 1) : 1;
    const batches = this.#batches.of(step - 1);
    const found = await lossGradient(merged, tasks, batches, settings.objective, scale);
    if (settings.penaltyNorm > 0)
      addNormPenalty(coefficients, merged.models, settings.penaltyNorm, found.coefficients);
    const gradient = new Float64Array(learned.length);
    gradient.set(rule.pullBack(learned, found.coefficients));
    if (settings.logitScale) gradient[rule.size] = found.logitScale;
    const gradients = new Map([[LEARNED, tf.tensor1d(Float32Array.from(gradient))]]);
    const norm = Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0));
    return { loss: found.loss, gradients, norm };
  };

  /** A copy: a backend may go on writing the array that a variable lives in. */
  async #learned(): Promise<Float32Array> {
    return Float32Array.from(await this.#variable.data());
  }
}
