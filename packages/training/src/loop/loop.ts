import type { NamedTensors } from '../checkpoints/named-tensors.js';
import type { TakenStep } from '../optimizers/optimizer.js';
import { breathe } from './breathe.js';
import type { EvaluationPlan, LoopPlan } from './loop-plan.js';
import { type Evaluation, newRunState, type RunState, type StepRecord } from './run-state.js';

/** How a run ended. */
export interface LoopResult {
  readonly state: RunState;
  /** The parameters of all players that are kept: those of the best evaluation where they are kept, else the last. */
  readonly parameters: NamedTensors;
  /** Step that they are of. */
  readonly keptStep: number;
}

/**
 * Takes steps until a plan's end, evaluating, stopping early, and saving on the way. A run resumes from the newest whole checkpoint and ends
 * with the bytes of one that was never interrupted: what a step does follows from the parameters and its number alone.
 */
export class Loop<E extends Evaluation = Evaluation> {
  #state: RunState = newRunState();
  #best: NamedTensors | null = null;

  constructor(
    private readonly plan: LoopPlan<E>,
    private readonly signal: AbortSignal,
  ) {}

  /** Errors: `NON_FINITE_LOSS`, `NON_FINITE_GRADIENT`, `INPUT_CHANGED`; CANCELLED between two steps. */
  async run(): Promise<LoopResult> {
    await this.#resume();
    while (!this.#state.finished) {
      await this.#step();
      await breathe(this.signal);
    }
    const { step, bestStep } = this.#state;
    const kept = this.#best;
    return {
      state: this.#state,
      parameters: kept ?? (await this.#parameters()),
      keptStep: kept === null ? step : bestStep,
    };
  }

  /** Step number `step`, counted from 1, of all players. */
  async takeStep(step: number): Promise<StepRecord> {
    const { players, stepsPerEpoch } = this.plan;
    await this.plan.beforeStep?.(step);
    const taken: (TakenStep & { readonly name: string; readonly learningRate: number })[] = [];
    for (const { name, optimizer, take, rate } of players) {
      const learningRate = rate(step);
      taken.push({ name, learningRate, ...(await optimizer.step(step, learningRate, take)) });
    }
    await this.plan.afterStep?.(step);
    const [{ loss, learningRate, gradientNorm, losses } = NOTHING] = taken;
    const parts = taken.length === 1 ? losses : lossesOfAll(taken);
    const epoch = Math.floor((step - 1) / stepsPerEpoch);
    const tokens = this.plan.tokensOf?.(step) ?? 0;
    return {
      ...{ step, epoch, loss },
      ...(parts === undefined ? {} : { losses: parts }),
      ...{ learningRate, gradientNorm, tokens },
    };
  }

  async #resume(): Promise<void> {
    const { checkpoints, players, extra, observer } = this.plan;
    const found = await checkpoints?.store.newest((name) => observer?.damaged?.(name));
    if (found === undefined || found === null) return;
    this.#state = found.state;
    this.#best = found.best;
    for (const { optimizer } of players) optimizer.restore(found.tensors);
    extra?.restore(found.tensors);
  }

  async #step(): Promise<void> {
    const state = this.#state;
    const { evaluation, totalSteps, checkpoints, observer } = this.plan;
    if (state.step < totalSteps) {
      const record = await this.takeStep(state.step + 1);
      state.step += 1;
      state.steps.push(record);
      observer?.step?.(record);
      if (evaluation?.due(state.step) === true) await this.#evaluate(evaluation);
    }
    if (state.step >= totalSteps) state.finished = true;
    if (checkpoints !== undefined && (state.finished || state.step % checkpoints.every === 0))
      await this.#checkpoint();
  }

  async #evaluate(plan: EvaluationPlan<E>): Promise<void> {
    const state = this.#state;
    this.plan.observer?.evaluating?.();
    const evaluation = await plan.evaluate(state.step);
    const { loss, metrics } = evaluation;
    state.evaluations.push({ step: state.step, loss, metrics });
    const better = plan.isBetter?.(evaluation) ?? loss < state.bestLoss;
    if (better) {
      state.bestLoss = loss;
      state.bestStep = state.step;
    }
    state.evaluationsSinceBest = better ? 0 : state.evaluationsSinceBest + 1;
    const isPatienceOver = plan.patience > 0 && state.evaluationsSinceBest >= plan.patience;
    if (isPatienceOver || plan.isEnd?.(evaluation) === true) state.finished = true;
    if (better && plan.keepBest) this.#best = await this.#parameters();
    this.plan.observer?.evaluated?.(evaluation);
  }

  async #checkpoint(): Promise<void> {
    const { checkpoints, extra } = this.plan;
    const own = await this.#saved();
    const tensors = extra === undefined ? own : new Map([...own, ...(await extra.save())]);
    await checkpoints?.store.write({ state: this.#state, tensors, best: this.#best }, () =>
      checkpoints.fence(),
    );
  }

  async #saved(): Promise<NamedTensors> {
    const all: NamedTensors[] = [];
    for (const { optimizer } of this.plan.players) all.push(await optimizer.save());
    return new Map(all.flatMap((tensors) => [...tensors]));
  }

  async #parameters(): Promise<NamedTensors> {
    const all: NamedTensors[] = [];
    const isKept = (name: string): boolean => this.plan.isKept?.(name) ?? true;
    for (const { optimizer } of this.plan.players) all.push(await optimizer.parameters(isKept));
    return new Map(all.flatMap((tensors) => [...tensors]));
  }
}

const NOTHING = { loss: NaN, learningRate: NaN, gradientNorm: NaN, losses: undefined };

/** The losses of several players, each under the player's name. */
const lossesOfAll = (taken: readonly (TakenStep & { readonly name: string })[]): Record<string, number> =>
  Object.fromEntries(
    taken.flatMap(({ name, loss, losses }) =>
      Object.entries(losses ?? { loss }).map(([part, value]) => [`${name}.${part}`, value] as const),
    ),
  );
