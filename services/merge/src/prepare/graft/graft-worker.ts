import type { EngineModule } from '@eigenloom/engine';
import { SafetensorsWriter } from '@eigenloom/numeric';

import { maskBytes, packMask } from '../../plan/mask-files.js';
import { openForSearch } from '../search/open-search.js';
import type { TaskScore } from '../search/task-network.js';
import { GraftLearning, type GraftSettings } from './graft-learning.js';
import { GraftedParameters } from './grafted-parameters.js';

export interface GraftTask extends GraftSettings {
  /** Share of the elements of the base mask. */
  readonly sparsity: number;
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
