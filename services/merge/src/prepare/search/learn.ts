import type { EngineContext } from '@eigenloom/engine';

import { CoefficientRule } from './coefficient-rule.js';
import { Descent } from './descent.js';
import { KeepBest } from './keep-best.js';
import type { LearnSettings } from './learn-settings.js';
import type { Coefficients } from './merged-parameters.js';
import type { Search } from './open-search.js';
import type { SearchInput } from './search-input.js';
import type { TaskNetwork, TaskScore } from './task-network.js';

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
  readonly #initial: Float32Array;

  constructor(
    private readonly search: Search,
    private readonly settings: LearnSettings,
    private readonly input: Settings,
    private readonly context: Pick<EngineContext, 'signal' | 'report'>,
  ) {
    const { names, models } = search.merged;
    const { rule: name, shared, initial, logitScale } = settings;
    this.#rule = new CoefficientRule({ name, shared, tensors: names.length, models });
    this.#initial = new Float32Array(this.#rule.size + (logitScale ? 1 : 0)).fill(initial);
    if (logitScale) this.#initial[this.#rule.size] = 1;
  }

  async run(): Promise<Learned> {
    const { merged, tasks } = this.search;
    const { models } = merged;
    const alone: (TaskScore | undefined)[] = [];
    for (const task of tasks) alone.push(await this.#scoreAlone(task));
    const accuracies = this.settings.scoreModels ? await this.#scoreModels() : [];
    const before = await this.#scoresOf(this.#rule.of(this.#initial));
    const keep = new KeepBest(this.settings.keep, tasks, before, alone);
    this.#report(before);
    const { learned, steps } = await this.#descend(keep);
    const { shared, initial: start, logitScale } = this.settings;
    const coefficients = this.#rule.of(learned);
    return {
      names: merged.names,
      coefficients,
      others: this.#rule.row(shared ? learned : new Float32Array(models).fill(start), 0),
      logitScale: logitScale ? (learned[this.#rule.size] ?? 1) : 1,
      steps,
      before,
      alone,
      after: await this.#scoresOf(coefficients),
      accuracies,
    };
  }

  /** The numbers that were kept, and the steps that were taken. */
  #descend(keep: KeepBest): Promise<{ learned: Float32Array; steps: number }> {
    const { settings, search, context } = this;
    const { batchSize, seed } = this.input;
    const descent = new Descent({ search, settings, rule: this.#rule, batchSize, seed }, this.#initial);
    return descent.run(context, {
      keep,
      scores: (learned) => this.#scoresOf(this.#rule.of(learned)),
      scored: (scores) => {
        this.#report(scores);
      },
    });
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

  #report(scores: readonly TaskScore[]): void {
    const metrics = scores.flatMap(({ accuracy }, i) =>
      accuracy === undefined
        ? []
        : [[`accuracy_${this.search.tasks[i]?.task.model ?? i}`, accuracy] as const],
    );
    this.context.report({ metrics: Object.fromEntries(metrics) });
  }
}
