import type { TaskNetwork, TaskScore } from './task-network.js';

/** Which of the coefficients met on the way are the result. */
export type KeepName =
  /** The last. */
  | 'last'
  /** Those of the epoch with the highest mean of accuracy over the model's own; of equals, with the lower loss. */
  | 'most_accurate'
  /**
   * Those of the epoch with the lowest accuracy on the task to be forgotten, among those that keep the controls; the first epoch that does
   * not ends the search.
   */
  | 'most_forgotten';

export interface KeepSettings {
  readonly name: KeepName;
  /** Least accuracy on the controls, as a share of that before. */
  readonly controlThreshold: number;
}

type Tasks = readonly Pick<TaskNetwork, 'task'>[];

/** Follows the scores of the tasks after each epoch. */
export class KeepBest {
  #best: readonly TaskScore[];

  constructor(
    private readonly settings: KeepSettings,
    private readonly tasks: Tasks,
    private readonly before: readonly TaskScore[],
    /** Accuracies that count as 1; undefined where a task's own model is not among the models. */
    private readonly alone: readonly (TaskScore | undefined)[],
  ) {
    this.#best = before;
  }

  get needsScores(): boolean {
    return this.settings.name !== 'last';
  }

  /** Whether the scores are the best so far, which they are from then on. */
  isBetter(scores: readonly TaskScore[]): boolean {
    const better = this.#compare(scores);
    if (better) this.#best = scores;
    return better;
  }

  /** Whether the search ends here. */
  isEnd(scores: readonly TaskScore[]): boolean {
    return this.settings.name === 'most_forgotten' && !this.#keepsControls(scores);
  }

  #compare(scores: readonly TaskScore[]): boolean {
    switch (this.settings.name) {
      case 'last':
        return true;
      case 'most_accurate': {
        const [now, best] = [this.#normalised(scores), this.#normalised(this.#best)];
        return now > best || (now === best && total(scores) < total(this.#best));
      }
      case 'most_forgotten':
        return this.#keepsControls(scores) && this.#target(scores) < this.#target(this.#best);
    }
  }

  #normalised(scores: readonly TaskScore[]): number {
    const shares = scores.map(({ accuracy = 0 }, i) => accuracy / (this.alone[i]?.accuracy || 1));
    return shares.reduce((sum, share) => sum + share, 0) / shares.length;
  }

  #target(scores: readonly TaskScore[]): number {
    return scores.reduce(
      (sum, { accuracy = 0 }, i) => sum + (this.tasks[i]?.task.sign === -1 ? accuracy : 0),
      0,
    );
  }

  #keepsControls(scores: readonly TaskScore[]): boolean {
    return scores.every(({ accuracy = 0 }, i) => {
      const least = this.settings.controlThreshold * (this.before[i]?.accuracy ?? 0);
      return this.tasks[i]?.task.sign === -1 || accuracy >= least;
    });
  }
}

const total = (scores: readonly TaskScore[]): number => scores.reduce((sum, { loss }) => sum + loss, 0);
