import type { EngineContext } from '@eigenloom/engine';
import type { LoopObserver } from './loop-plan.js';
import type { Evaluation, StepRecord } from './run-state.js';

/** Reports a training run. The time that is left follows from the fraction, where reports are received. */
export class TrainingProgress implements LoopObserver<Evaluation> {
  #windowStart = performance.now();
  #windowTokens = 0;

  constructor(
    private readonly totalSteps: number,
    private readonly report: EngineContext['report'],
  ) {}

  step({ step, loss, losses, learningRate, tokens, epoch, gradientNorm }: StepRecord): void {
    this.#windowTokens += tokens;
    const seconds = (performance.now() - this.#windowStart) / 1000;
    const parts = Object.entries(losses ?? {}).map(([name, value]) => [`loss_${name}`, value] as const);
    this.report({
      fraction: step / this.totalSteps,
      phase: 'training',
      metrics: {
        step,
        epoch,
        loss,
        ...Object.fromEntries(parts),
        learning_rate: learningRate,
        gradient_norm: gradientNorm,
        tokens_per_second: this.#windowTokens / Math.max(seconds, 1e-9),
      },
    });
  }

  evaluating(): void {
    this.report({ phase: 'evaluating' });
  }

  evaluated({ loss, metrics }: Evaluation): void {
    const named = Object.entries(metrics).map(([name, value]) => [`validation_${name}`, value] as const);
    this.report({ metrics: { validation_loss: loss, ...Object.fromEntries(named) } });
    // Evaluations do not count towards the speed of training.
    this.#windowStart = performance.now();
    this.#windowTokens = 0;
  }

  damaged(name: string): void {
    this.report({ phase: `checkpoint ${name} is damaged, using the one before` });
  }
}
