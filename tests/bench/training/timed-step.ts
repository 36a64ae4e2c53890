import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { initKind } from '@eigenloom/init-service';
import { type ClassifiedText, type Examples, TextExamples } from '@eigenloom/models';
import { requestFromObject, startEmbedded } from '@eigenloom/runtime';
import { prepareTraining } from '@eigenloom/train-service/dist/loop/prepare-training.js';
import { objectiveOf } from '@eigenloom/train-service/dist/plan/choices.js';
import { resolvePlan } from '@eigenloom/train-service/dist/plan/resolve-plan.js';
import type { StepRecord } from '@eigenloom/training';

import type { Case, Method } from './cases.js';

const CLASSES = ['a', 'b'];
const SIDE = 224;
/** Ids below this one mean no word, in one of the models or another. */
const SPECIAL = 5;

/** What a step takes, with the model's folder, and the rate where its size matters. */
export type TimedCase = Pick<Case, 'task' | 'batch' | 'length' | 'targets'> & {
  readonly model: string;
  readonly learningRate?: number;
};

/** A function that takes the step of a number, as a training job does. */
export async function stepOf(
  which: TimedCase,
  method: Method,
  folder: string,
): Promise<(step: number) => Promise<StepRecord>> {
  const { loop } = await prepareCase(which, method, folder, await examplesOf(which));
  return (step) => loop.takeStep(step);
}

/** A training job of a case on examples, ready for its first step; an adapter is started in `folder`/adapter. */
export async function prepareCase(
  which: TimedCase,
  method: Method,
  folder: string,
  train: Examples,
): ReturnType<typeof prepareTraining> {
  const { task, batch, length, model, learningRate = 1e-4 } = which;
  const adapter = join(folder, 'adapter');
  if (method === 'lora') await startAdapter(which, adapter);
  const objective = {
    texts: { sequence_classification: { labels: CLASSES } },
    images: { image_classification: { labels: CLASSES } },
    'next-token': { causal_language_modeling: {} },
  }[task];
  const request = requestFromObject('train', {
    ...{ model: { uri: model }, train_data: { uri: 'made here' }, ...objective },
    optimizer: { learning_rate: learningRate },
    ...{ batching: { batch_size: batch, max_length: length }, max_steps: 1000 },
    ...(method === 'lora' ? { adapter: { uri: adapter } } : { full: {} }),
  });
  const { signal } = new AbortController();
  const plan = await resolvePlan(request, { signal, resolve: (uri) => Promise.resolve(uri) });
  const data = {
    ...{ train, validation: null },
    counts: { kind: 'tokens' as const, train: { examples: batch, changed: [] }, validation: null },
    ...{ classes: task === 'next-token' ? [] : CLASSES, headStart: 'new' as const },
  };
  return prepareTraining(plan, objectiveOf(plan), data, { signal });
}

/** Two classes in turn, of token ids or of pixels. */
async function examplesOf({ task, batch, length, model }: TimedCase): Promise<Examples> {
  if (task === 'images') {
    const values = Float32Array.from({ length: batch * 3 * SIDE * SIDE }, (_, i) => Math.sin(i * 0.37));
    return {
      lengths: new Int32Array(batch).fill(length),
      labels: Int32Array.from({ length: batch }, (_, i) => i % 2),
      batch: () => ({ kind: 'pixels', values, size: batch, channels: 3, height: SIDE, width: SIDE }),
    };
  }
  const config = JSON.parse(await readFile(join(model, 'config.json'), 'utf8')) as { vocab_size: number };
  const plain = config.vocab_size - SPECIAL;
  const texts = Array.from({ length: batch }, (_, i): ClassifiedText => ({
    ids: Int32Array.from({ length }, (_id, j) => SPECIAL + ((i * 7919 + j * 104_729) % plain)),
    label: i % 2,
  }));
  return new TextExamples(texts, 0);
}

/** Starts an adapter of rank 8 on the case's modules in a folder that is not there yet. */
export async function startAdapter(
  { model, targets }: Pick<TimedCase, 'model' | 'targets'>,
  path: string,
): Promise<void> {
  const roots = [resolve(model), dirname(path)];
  const client = await startEmbedded({ kinds: [initKind], dataFolder: join(dirname(path), 'data'), roots });
  try {
    const { name } = await client.submit(
      'init',
      requestFromObject('init', {
        ...{ model: { uri: resolve(model) }, target_modules: targets },
        ...{ lora: { rank: 8, alpha: 16 }, default: {}, output_uri: path },
      }),
    );
    const { error } = await client.wait(name);
    if (error !== undefined) throw error;
  } finally {
    await client.close();
  }
}
