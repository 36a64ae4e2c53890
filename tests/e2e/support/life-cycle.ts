import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeTinyBert, writeTopics } from './tiny-bert.js';

const training = (seed: string): object => ({
  model: { uri: 'model' },
  train_data: { uri: 'train.jsonl' },
  validation_data: { uri: 'validation.jsonl' },
  adapter: { uri: 'step:start', residual_uri: 'step:start/residual', dropout: 0.1 },
  sequence_classification: { labels: ['kitchen', 'weather'], pooling: 'POOLING_FIRST' },
  optimizer: { learning_rate: 0.01 },
  batching: { batch_size: 8, max_length: 16 },
  max_steps: 12,
  eval_steps: 6,
  seed,
});
const tuned = (step: string): object => ({ model: { uri: 'model', adapters: [`step:${step}`] } });

/** A pipeline through all four services: a PiSSA start, two runs from it, their soup, its spectrum and intruder dimensions. */
export const LIFE_CYCLE = {
  seed: '7',
  steps: [
    {
      id: 'start',
      init: {
        model: { uri: 'model' },
        target_modules: ['query', 'value'],
        lora: { rank: 4, alpha: 8 },
        residual_uri: 'job:',
        pissa: {},
      },
    },
    { id: 'first', train: training('1') },
    { id: 'second', train: training('2') },
    { id: 'soup', merge: { models: [tuned('first'), tuned('second')], linear: {} } },
    { id: 'spectrum', analyze: { spectrum: { model: { uri: 'step:soup' } } } },
    {
      id: 'intruders',
      analyze: {
        intruders: { model: { uri: 'step:soup' }, base: { uri: 'model' }, tensors: ['*query.weight'], k: 4 },
      },
    },
  ],
};

/** Writes the model, the data and the recipe `pipeline.json` that LIFE_CYCLE reads. */
export async function writeLifeCycle(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeTinyBert(join(folder, 'model'));
  await writeTopics(join(folder, 'train.jsonl'), 64, 1);
  await writeTopics(join(folder, 'validation.jsonl'), 24, 2);
  await writeFile(join(folder, 'pipeline.json'), JSON.stringify(LIFE_CYCLE, undefined, 2));
}

interface StepJson {
  readonly id: string;
  readonly artifact?: { readonly digest: string };
  readonly residual?: { readonly digest: string };
}

/** Digest of every artifact of `eigenloom run --json`, by step. */
export function digestsOf(stdout: string): Record<string, string> {
  const { response } = JSON.parse(stdout) as { response: { steps: readonly StepJson[] } };
  const digests: Record<string, string> = {};
  for (const { id, artifact, residual } of response.steps) {
    if (artifact !== undefined) digests[id] = artifact.digest;
    if (residual !== undefined) digests[`${id}/residual`] = residual.digest;
  }
  return digests;
}
