import type { EngineContext, EngineModule } from '@eigenloom/engine';
import { tf } from '@eigenloom/engine';
import { numericFailure } from '@eigenloom/errors';
import { epochBatches } from '@eigenloom/models';
import { SafetensorsWriter } from '@eigenloom/numeric';

import { maskBytes, packMask } from '../../plan/mask-files.js';
import { openForSearch } from '../search/open-search.js';
import type { SearchInput } from '../search/search-input.js';
import { crossEntropy, type TaskNetwork, type TaskScore } from '../search/task-network.js';
import { GraftedParameters, type GraftState } from './grafted-parameters.js';

export interface GraftTask {
  /** One model; the task that the mask is learned on, then perhaps one that helps to choose. */
  readonly input: SearchInput;
  /** Share of the elements of the base mask. */
  readonly sparsity: number;
  readonly steps: number;
  readonly learningRate: number;
  readonly batchesPerStep: number;
  /** Where the mask goes: a file of masks as plan/mask-files.ts has them. */
  readonly maskPath: string;
}

export interface GraftFound {
  readonly grafted: number;
  readonly elements: number;
  /** By task. */
  readonly before: readonly TaskScore[];
  readonly alone: readonly TaskScore[];
  readonly after: readonly TaskScore[];
}

/** Runs in a worker thread: learns the mask of a graft and writes it. */
const learnGraft: EngineModule<GraftTask, GraftFound> = async (task, context) => {
  context.report({ fraction: 0, phase: 'loading the models' });
  const models = await openForSearch(task.input, context.signal);
  const elements = models.cache.tensors.reduce((sum, { reference }) => sum + reference.length, 0);
  const grafted = new GraftedParameters(models, Math.floor(task.sparsity * elements));
  const learning = new GraftLearning(task, grafted, models.tasks, context);
  const before = await learning.scores('base');
  const alone = await learning.scores('model');
  const after = await learning.run();
  const taken = await writeMask(task, grafted.masks);
  return { grafted: taken, elements, before, alone, after };
};
export default learnGraft;

class GraftLearning {
  constructor(
    private readonly settings: GraftTask,
    private readonly grafted: GraftedParameters,
    private readonly tasks: readonly TaskNetwork[],
    private readonly context: Pick<EngineContext, 'signal' | 'report'>,
  ) {}

  async scores(state: GraftState): Promise<TaskScore[]> {
    this.grafted.assign(state);
    const scores: TaskScore[] = [];
    for (const task of this.tasks)
      scores.push(await task.score(this.settings.input.batchSize, this.context.signal));
    return scores;
  }

  /** Descends and keeps the rounded mask with the highest sum of accuracies, of equals that with the lower loss; returns its scores. */
  async run(): Promise<TaskScore[]> {
    let best = await this.scores('rounded');
    for (let step = 0; step < this.settings.steps; step += 1) {
      const loss = await this.#step(step);
      const scores = await this.scores('rounded');
      if (isBetter(scores, best)) {
        best = scores;
        this.grafted.keep();
      }
      this.context.report({
        fraction: (step + 1) / this.settings.steps,
        phase: 'learning the mask',
        metrics: { step: step + 1, loss, accuracy: best[0]?.accuracy ?? NaN },
      });
      await new Promise((resolve) => setImmediate(resolve));
      this.context.signal.throwIfAborted();
    }
    return best;
  }

  /** One step on the mean gradient of some batches; returns their mean loss. */
  async #step(step: number): Promise<number> {
    const { input, batchesPerStep, learningRate } = this.settings;
    const [task] = this.tasks;
    if (task === undefined) return NaN;
    const lengths = task.texts.map(({ ids }) => ids.length);
    const batches = epochBatches(lengths, input.batchSize, input.seed, step).slice(0, batchesPerStep);
    this.grafted.assign('soft');
    let loss = 0;
    for (const indices of batches) {
      const { value, grads } = tf.variableGrads(
        () => crossEntropy(task.logits(indices), task.labels(indices)),
        this.grafted.variables,
      );
      try {
        const own = (await value.data())[0] ?? NaN;
        if (!Number.isFinite(own))
          throw numericFailure(
            'NON_FINITE_LOSS',
            'the loss of a graft is not finite; a smaller learning_rate may help',
          );
        loss += own / batches.length;
        await this.grafted.accumulate(grads, 1 / batches.length);
      } finally {
        value.dispose();
        tf.dispose(grads);
      }
    }
    this.grafted.descend(learningRate);
    return loss;
  }
}

function isBetter(scores: readonly TaskScore[], best: readonly TaskScore[]): boolean {
  const sum = (of: readonly TaskScore[], field: 'loss' | 'accuracy'): number =>
    of.reduce((total, score) => total + (score[field] ?? 0), 0);
  const [now, then] = [sum(scores, 'accuracy'), sum(best, 'accuracy')];
  return now > then || (now === then && sum(scores, 'loss') < sum(best, 'loss'));
}

/** Returns the number of elements taken. What was not grafted has a mask of zeros. */
async function writeMask(
  { input: { tensors }, maskPath }: GraftTask,
  masks: ReadonlyMap<string, Uint8Array>,
): Promise<number> {
  const plans = tensors.map(({ name, shape }) => ({ name, shape: [maskBytes(shape)], dtype: 'U8' as const }));
  const writer = await SafetensorsWriter.create(maskPath, plans);
  let taken = 0;
  for (const { name, shape } of tensors) {
    const elements = shape.reduce((product, size) => product * size, 1);
    const mask = masks.get(name) ?? new Uint8Array(elements);
    taken += mask.reduce((sum, bit) => sum + bit, 0);
    await writer.write(name, packMask(mask));
  }
  await writer.finish();
  return taken;
}
