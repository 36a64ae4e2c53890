import { BatchOrder } from '@eigenloom/datasets';
import type { EngineContext } from '@eigenloom/engine';
import {
  backward,
  finiteLoss,
  gradientDescent,
  Loop,
  Optimizer,
  type StepRecord,
  type TakenGradients,
} from '@eigenloom/training';

import type { SearchInput } from '../search/search-input.js';
import { crossEntropy, type TaskNetwork, type TaskScore } from '../search/task-network.js';
import type { GraftedParameters, GraftState } from './grafted-parameters.js';

/** How a mask is learned. */
export interface GraftSettings {
  /** One model; the task that the mask is learned on, then perhaps one that helps to choose. */
  readonly input: SearchInput;
  readonly steps: number;
  readonly learningRate: number;
  readonly batchesPerStep: number;
}

/** Learns the mask of a graft. */
export class GraftLearning {
  /** Each step begins an epoch of its own. */
  readonly #order: BatchOrder;

  constructor(
    private readonly settings: GraftSettings,
    private readonly grafted: GraftedParameters,
    private readonly tasks: readonly TaskNetwork[],
    private readonly context: Pick<EngineContext, 'signal' | 'report'>,
  ) {
    const lengths = tasks[0]?.texts.map(({ ids }) => ids.length) ?? [];
    const { batchSize, seed } = settings.input;
    this.#order = new BatchOrder({ lengths, batchSize, seed });
  }

  async scores(state: GraftState): Promise<TaskScore[]> {
    await this.grafted.assign(state);
    const scores: TaskScore[] = [];
    for (const task of this.tasks)
      scores.push(await task.score(this.settings.input.batchSize, this.context.signal));
    return scores;
  }

  /** Descends and keeps the rounded mask with the highest sum of accuracies, of equals that with the lower loss; returns its scores. */
  async run(): Promise<TaskScore[]> {
    const { steps, learningRate, input } = this.settings;
    let best = await this.scores('rounded');
    let taken = { step: 0, loss: NaN };
    const loop = new Loop(
      {
        players: [
          {
            name: 'mask',
            optimizer: new Optimizer(this.grafted.S, gradientDescent, {
              ...{ weightDecay: 0, maxGradientNorm: 0, seed: input.seed },
            }),
            take: (step) => this.#take(step),
            rate: () => learningRate,
          },
        ],
        totalSteps: steps,
        stepsPerEpoch: 1,
        evaluation: {
          due: () => true,
          evaluate: async () => {
            const scores = await this.scores('rounded');
            if (isBetter(scores, best)) {
              best = scores;
              await this.grafted.keep();
            }
            return { loss: sumOf(scores, 'loss'), metrics: {} };
          },
          patience: 0,
          keepBest: false,
        },
        observer: {
          step: (record) => {
            taken = record;
          },
          evaluated: () => {
            this.#report(taken, best);
          },
        },
      },
      this.context.signal,
    );
    await loop.run();
    return best;
  }

  /** The gradient of what is learned, of the mean loss of some batches. */
  async #take(step: number): Promise<TakenGradients> {
    const [task] = this.tasks;
    const { perEpoch } = this.#order;
    const count = Math.min(this.settings.batchesPerStep, perEpoch);
    await this.grafted.assign('soft');
    let loss = 0;
    for (let i = 0; task !== undefined && i < count; i += 1) {
      const indices = this.#order.batch((step - 1) * perEpoch + i);
      const value = await backward(
        () => crossEntropy(task.logits(indices), task.labels(indices)),
        this.grafted.variables,
        async (variable, gradient) => {
          try {
            await this.grafted.accumulate(variable, gradient, 1 / count);
          } finally {
            gradient.dispose();
          }
        },
        async (found) => {
          loss += (await finiteLoss(found, 'a graft', 'a smaller learning_rate may help')) / count;
        },
      );
      value.dispose();
    }
    return { loss, gradients: await this.grafted.pullBack() };
  }

  #report({ step, loss }: Pick<StepRecord, 'step' | 'loss'>, best: readonly TaskScore[]): void {
    this.context.report({
      fraction: step / this.settings.steps,
      phase: 'learning the mask',
      metrics: { step, loss, accuracy: best[0]?.accuracy ?? NaN },
    });
  }
}

const sumOf = (scores: readonly TaskScore[], field: 'loss' | 'accuracy'): number =>
  scores.reduce((total, score) => total + (score[field] ?? 0), 0);

function isBetter(scores: readonly TaskScore[], best: readonly TaskScore[]): boolean {
  const [now, then] = [sumOf(scores, 'accuracy'), sumOf(best, 'accuracy')];
  return now > then || (now === then && sumOf(scores, 'loss') < sumOf(best, 'loss'));
}
