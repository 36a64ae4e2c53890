import type { EngineContext } from '@eigenloom/engine';

import { lossGradient, type ObjectiveName } from './coefficient-loss.js';
import { CoefficientOptimizer, type OptimizerSettings } from './coefficient-optimizer.js';
import { CoefficientRule, type RuleName } from './coefficient-rule.js';
import { KeepBest, type KeepSettings } from './keep-best.js';
import type { Coefficients } from './merged-parameters.js';
import { addNormPenalty } from './norm-penalty.js';
import type { Search } from './open-search.js';
import type { SearchInput } from './search-input.js';
import { epochSteps } from './task-batches.js';
import type { TaskNetwork, TaskScore } from './task-network.js';

/** How coefficients are learned. */
export interface LearnSettings {
  readonly rule: RuleName;
  /** One set of coefficients for all tensors. */
  readonly shared: boolean;
  /** What every learned number starts from. */
  readonly initial: number;
  readonly objective: ObjectiveName;
  /** A factor of the scores is learned, too. */
  readonly logitScale: boolean;
  readonly optimizer: OptimizerSettings;
  /** The learning rate falls to 0 along half a cosine. */
  readonly cosine: boolean;
  /** p of the penalty; 0: none. */
  readonly penaltyNorm: number;
  readonly epochs: number;
  /** Ends the search within an epoch; 0: the epochs decide. */
  readonly maxSteps: number;
  readonly keep: KeepSettings;
  /** Each model alone is tried on the first task. */
  readonly scoreModels: boolean;
}

/** What was found. */
export interface Learned {
  /** Tensors with coefficients of their own. */
  readonly names: readonly string[];
  /** [names, models]. */
  readonly coefficients: Coefficients;
  /** Of all other tensors: one for each model. */
  readonly others: Float64Array;
  readonly logitScale: number;
  readonly steps: number;
  /** By task. */
  readonly before: readonly TaskScore[];
  readonly alone: readonly (TaskScore | undefined)[];
  readonly after: readonly TaskScore[];
  /** Accuracy of each model alone on the first task, where asked for. */
  readonly accuracies: readonly number[];
}

type Settings = Pick<SearchInput, 'batchSize' | 'seed'>;

/** Learns coefficients on the models in memory. What it finds follows from the models, the data and the settings alone. */
export class Learning {
  readonly #rule: CoefficientRule;
  readonly #optimizer: CoefficientOptimizer;
  #taken = 0;

  constructor(
    private readonly search: Search,
    private readonly settings: LearnSettings,
    private readonly input: Settings,
    private readonly context: Pick<EngineContext, 'signal' | 'report'>,
  ) {
    const { names, models } = search.merged;
    const { rule: name, shared, initial, logitScale, optimizer } = settings;
    this.#rule = new CoefficientRule({ name, shared, tensors: names.length, models });
    const learned = new Float32Array(this.#rule.size + (logitScale ? 1 : 0)).fill(initial);
    if (logitScale) learned[this.#rule.size] = 1;
    this.#optimizer = new CoefficientOptimizer(learned, optimizer);
  }

  async run(): Promise<Learned> {
    const { merged, tasks } = this.search;
    const { models } = merged;
    const initial = this.#optimizer.learned;
    const alone: (TaskScore | undefined)[] = [];
    for (const task of tasks) alone.push(await this.#scoreAlone(task));
    const accuracies = this.settings.scoreModels ? await this.#scoreModels() : [];
    const before = await this.#scoresOf(this.#rule.of(initial));
    const keep = new KeepBest(this.settings.keep, tasks, before, alone);
    const best = await this.#descend(keep, initial, before);
    const { shared, initial: start } = this.settings;
    const coefficients = this.#rule.of(best);
    return {
      names: merged.names,
      coefficients,
      others: this.#rule.row(shared ? best : new Float32Array(models).fill(start), 0),
      logitScale: this.#logitScale(best),
      steps: this.#taken,
      before,
      alone,
      after: await this.#scoresOf(coefficients),
      accuracies,
    };
  }

  /** The numbers that were kept. */
  async #descend(keep: KeepBest, initial: Float32Array, before: readonly TaskScore[]): Promise<Float32Array> {
    const { epochs, maxSteps } = this.settings;
    let best = initial;
    this.#report(before);
    for (let epoch = 0; epoch < epochs; epoch += 1) {
      const steps = epochSteps(this.search.tasks, this.input.batchSize, this.input.seed, epoch);
      const total = maxSteps > 0 ? maxSteps : epochs * steps.length;
      for (const batches of steps) {
        if (this.#taken === total) break;
        await this.#step(batches, total);
      }
      const done = epoch + 1 === epochs || this.#taken === total;
      const { learned } = this.#optimizer;
      if (keep.needsScores) {
        const scores = await this.#scoresOf(this.#rule.of(learned));
        this.#report(scores);
        if (keep.isBetter(scores)) best = learned;
        if (keep.isEnd(scores)) return best;
      } else best = learned;
      if (done) return best;
    }
    return best;
  }

  async #step(batches: readonly Int32Array[], total: number): Promise<void> {
    const { merged, tasks } = this.search;
    const { objective, penaltyNorm, logitScale, cosine } = this.settings;
    const { learned } = this.#optimizer;
    const coefficients = this.#rule.of(learned);
    merged.assign(coefficients);
    const found = await lossGradient(merged, tasks, batches, objective, this.#logitScale(learned));
    if (penaltyNorm > 0) addNormPenalty(coefficients, merged.models, penaltyNorm, found.coefficients);
    const gradient = new Float64Array(learned.length);
    gradient.set(this.#rule.pullBack(learned, found.coefficients));
    if (logitScale) gradient[this.#rule.size] = found.logitScale;
    await this.#optimizer.step(gradient, cosine ? (1 + Math.cos((Math.PI * this.#taken) / total)) / 2 : 1);
    this.#taken += 1;
    this.context.report({
      fraction: this.#taken / total,
      phase: 'learning coefficients',
      metrics: { step: this.#taken, loss: found.loss },
    });
    // Messages, an abort among them, arrive between turns of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    this.context.signal.throwIfAborted();
  }

  async #scoresOf(coefficients: Coefficients): Promise<TaskScore[]> {
    this.search.merged.assign(coefficients);
    const scores: TaskScore[] = [];
    for (const task of this.search.tasks) {
      scores.push(await task.score(this.input.batchSize, this.context.signal));
    }
    return scores;
  }

  /** A task with its own model, if coefficients are learned for that. */
  async #scoreAlone(task: TaskNetwork): Promise<TaskScore | undefined> {
    const { model } = task.task;
    if (model >= this.search.merged.models) return undefined;
    this.search.merged.assign(this.#only(model));
    return task.score(this.input.batchSize, this.context.signal);
  }

  /** One model and nothing of the others. */
  #only(model: number): Coefficients {
    const { names, models } = this.search.merged;
    return Float64Array.from({ length: names.length * models }, (_, i) => (i % models === model ? 1 : 0));
  }

  async #scoreModels(): Promise<number[]> {
    const accuracies: number[] = [];
    for (let model = 0; model < this.search.merged.models; model += 1) {
      accuracies.push((await this.#scoresOf(this.#only(model)))[0]?.accuracy ?? 0);
    }
    return accuracies;
  }

  #logitScale(learned: Float32Array): number {
    return this.settings.logitScale ? (learned[this.#rule.size] ?? 1) : 1;
  }

  #report(scores: readonly TaskScore[]): void {
    const metrics = scores.flatMap(({ accuracy }, i) =>
      accuracy === undefined
        ? []
        : [[`accuracy_${this.search.tasks[i]?.task.model ?? i}`, accuracy] as const],
    );
    this.context.report({ metrics: Object.fromEntries(metrics) });
  }
}
