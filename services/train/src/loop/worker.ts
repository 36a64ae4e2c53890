import { join } from 'node:path';
import type { EngineContext, EngineModule } from '@eigenloom/engine';
import { loadTokenizer, planNetwork } from '@eigenloom/models';
import { CheckpointStore, type TrainingCheckpoint } from '../checkpoints/checkpoint-store.js';
import { writeTensors } from '../checkpoints/tensor-file.js';
import { checkSteps } from '../plan/check-steps.js';
import { chooseClasses, type ChosenClasses } from '../plan/choose-classes.js';
import { planFingerprint } from '../plan/fingerprint.js';
import { storedHead } from '../plan/stored-head.js';
import type { TrainPlan } from '../plan/train-plan.js';
import { FENCE_CALL, READ_CALL, type TrainingInput, type TrainingOutput } from './messages.js';
import { openBase, prepareNetwork } from './prepare-network.js';
import { newRunState, type RunState, type StepRecord } from './run-state.js';
import { TrainableSet, type TensorValues } from './trainable.js';
import { Trainer } from './trainer.js';
import { loadTrainingData } from './training-data.js';

/** The training loop, in a worker thread. Resumes from the newest whole checkpoint in `scratch`. */
const run: EngineModule<TrainingInput, TrainingOutput> = async ({ plan, inputs, scratch }, context) => {
  context.report({ phase: 'reading data', fraction: 0 });
  const tokenizer = await loadTokenizer(plan.modelPath);
  const chosen = await classesOf(plan, context.signal);
  const data = await loadTrainingData(plan, chosen, tokenizer, context.signal);
  await context.call(READ_CALL, data.counts);
  context.report({ phase: 'loading the model', fraction: 0 });
  const prepared = await prepareNetwork(
    plan,
    { count: data.labels.length, start: chosen?.start ?? 'new' },
    context.signal,
  );
  const trainable = new TrainableSet(prepared.trained);
  const loop = new Loop(
    { scratch, keepBest: plan.keepBest, checkpointSteps: plan.checkpointSteps },
    new Trainer(plan, prepared, trainable, data),
    trainable,
    new CheckpointStore(join(scratch, 'checkpoints'), { fingerprint: planFingerprint(plan), inputs }),
    context,
  );
  return { ...(await loop.run()), labels: data.labels, counts: data.counts };
};
export default run;

/** Null for a language model. */
async function classesOf(plan: TrainPlan, signal: AbortSignal): Promise<ChosenClasses | null> {
  const { objective } = plan;
  if (objective.kind !== 'sequence_classification') return null;
  const model = await openBase(plan, signal);
  return chooseClasses(objective.labels, await storedHead(plan, model, planNetwork(model), signal));
}

interface LoopSettings {
  readonly scratch: string;
  readonly keepBest: boolean;
  readonly checkpointSteps: number;
}

class Loop {
  #state: RunState = newRunState();
  #best: ReadonlyMap<string, TensorValues> | null = null;
  #windowStart = performance.now();
  #windowTokens = 0;

  constructor(
    private readonly settings: LoopSettings,
    private readonly trainer: Trainer,
    private readonly trainable: TrainableSet,
    private readonly store: CheckpointStore,
    private readonly context: EngineContext,
  ) {}

  async run(): Promise<Omit<TrainingOutput, 'labels' | 'counts'>> {
    const { totalSteps } = this.trainer;
    checkSteps(totalSteps);
    await this.#resume();
    this.#windowStart = performance.now();
    while (!this.#state.finished) {
      await this.#step();
      // Messages, an abort among them, arrive between turns of the event loop.
      await new Promise((resolve) => setImmediate(resolve));
      this.context.signal.throwIfAborted();
    }
    const weightsFile = join(this.settings.scratch, 'weights.safetensors');
    await writeTensors(weightsFile, this.#best ?? (await this.trainable.saveParameters()));
    const keptStep = this.#best === null ? this.#state.step : this.#state.bestStep;
    return { state: this.#state, weightsFile, keptStep, totalSteps };
  }

  async #resume(): Promise<void> {
    const found = await this.store.newest((name) => {
      this.context.report({ phase: `checkpoint ${name} is damaged, using the one before` });
    });
    if (found === null) return;
    this.#state = found.state;
    this.#best = found.best;
    this.trainable.restore(found.tensors);
  }

  async #step(): Promise<void> {
    const state = this.#state;
    const record = await this.trainer.takeStep(state.step + 1);
    state.step++;
    state.steps.push(record);
    this.#report(record);
    if (this.trainer.evaluationIsDue(state.step)) await this.#evaluate();
    if (state.step >= this.trainer.totalSteps) state.finished = true;
    if (state.finished || state.step % this.settings.checkpointSteps === 0) await this.#checkpoint();
  }

  async #evaluate(): Promise<void> {
    this.context.report({ phase: 'evaluating' });
    const evaluation = await this.trainer.evaluate(this.#state.step, this.context.signal);
    const better = this.trainer.record(this.#state, evaluation);
    if (better && this.settings.keepBest) this.#best = await this.trainable.saveParameters();
    this.context.report({
      metrics: { validation_loss: evaluation.loss, validation_accuracy: evaluation.accuracy },
    });
    this.#windowStart = performance.now();
    this.#windowTokens = 0;
  }

  async #checkpoint(): Promise<void> {
    const checkpoint: TrainingCheckpoint = {
      state: this.#state,
      tensors: await this.trainable.save(),
      best: this.#best,
    };
    await this.store.write(checkpoint, async () => {
      await this.context.call(FENCE_CALL);
    });
  }

  #report({ step, loss, learningRate, tokens, epoch, gradientNorm }: StepRecord): void {
    this.#windowTokens += tokens;
    const seconds = (performance.now() - this.#windowStart) / 1000;
    this.context.report({
      fraction: step / this.trainer.totalSteps,
      phase: 'training',
      metrics: {
        step,
        epoch,
        loss,
        learning_rate: learningRate,
        gradient_norm: gradientNorm,
        tokens_per_second: this.#windowTokens / Math.max(seconds, 1e-9),
      },
    });
  }
}
