import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setBackend, tf } from '@eigenloom/engine';
import { openModel } from '@eigenloom/checkpoint';
import { planNetwork } from '@eigenloom/models';
import { CheckpointStore, type Objective } from '@eigenloom/training';
import { openReader } from '../plan/open-reader.js';
import { resolvePlan } from '../plan/resolve-plan.js';
import {
  contextIn,
  newFolder,
  requestOf,
  TINY_BERT,
  writeExamples,
  writeTinyAdapter,
} from '../testing/tiny-runs.js';
import { objectiveOf } from '../plan/choices.js';
import { prepareTraining } from './prepare-training.js';

let folder: string;
beforeAll(async () => {
  await setBackend('cpu');
  folder = await newFolder();
});
afterAll(() => rm(folder, { recursive: true }));

describe('the loop of a plan', () => {
  it.each(['lora', 'full'])(
    'keeps no tensor of a step or an evaluation (%s)',
    async (method) => {
      const signal = new AbortController().signal;
      const data = { uri: await writeExamples(folder, `${method}.jsonl`, 24) };
      const lora = {
        uri: await writeTinyAdapter(
          folder,
          TINY_BERT,
          ['bert.encoder.layer.0.attention.self.query'],
          method === 'full',
        ),
        dropout: 0.1,
      };
      const request = requestOf({
        model: { uri: TINY_BERT },
        trainData: data,
        validationData: data,
        sequenceClassification: {},
        batching: { batchSize: 8, maxLength: 32 },
        ...(method === 'lora' ? { adapter: lora } : { full: {} }),
      });
      const plan = await resolvePlan(request, contextIn(folder));
      const objective = objectiveOf(plan);
      const texts = await objective.read({
        ...{ train: plan.trainData, validation: plan.validationData, signal },
        reader: await openReader(plan, planNetwork(await openModel(TINY_BERT))),
        storedHead: () => Promise.resolve(null),
      });
      const { prepared, steps, loop } = await prepareTraining(plan, objective, texts, { signal });
      // A, B and the head's two; in full 5 of the embeddings, 16 of each of two layers, and the head's two.
      expect(prepared.trained.size).toBe(method === 'lora' ? 4 : 39);
      await loop.takeStep(1);
      const before = tf.memory();
      for (const step of [2, 3, 4]) await loop.takeStep(step);
      await steps.evaluation?.evaluate(4);
      const after = tf.memory();
      expect(after.numTensors).toBe(before.numTensors);
      expect(after.numBytes).toBe(before.numBytes);
    },
    120_000,
  );

  it('trains what an objective adds, resumes it, and leaves it out of the result', async () => {
    const signal = new AbortController().signal;
    const data = { uri: await writeExamples(folder, 'added.jsonl', 16) };
    const request = requestOf({
      ...{ model: { uri: TINY_BERT }, trainData: data, sequenceClassification: {}, full: {} },
      ...{ batching: { batchSize: 8, maxLength: 32 }, maxSteps: 4, optimizer: { learningRate: 0.1 } },
    });
    const plan = await resolvePlan(request, contextIn(folder));
    const base = objectiveOf(plan);
    const texts = await base.read({
      ...{ train: plan.trainData, validation: null, signal },
      reader: await openReader(plan, planNetwork(await openModel(TINY_BERT))),
      storedHead: () => Promise.resolve(null),
    });
    /** One number more, whose square is added to the loss, and a count that is kept beside it. */
    const run = async (stopAt: number): Promise<{ extra: number; names: string[]; count: number }> => {
      const abort = new AbortController();
      const extra: tf.Variable<tf.Rank.R0> = tf.tidy(() => tf.variable(tf.scalar(1), true));
      let count = 0;
      const objective: Objective = {
        ...base,
        prepare: async (own, context) => ({
          ...(await base.prepare(own, context)),
          losses: () => ({ square: { value: tf.square<tf.Scalar>(extra) } }),
          parameters: new Map([['extra', extra]]),
          afterStep: () => Promise.resolve(void (count += 1)),
          tensors: () =>
            Promise.resolve(new Map([['objective/count', { shape: [1], values: Int32Array.of(count) }]])),
          restore: (saved) => {
            count = Number(saved.get('objective/count')?.values[0]);
          },
        }),
      };
      const { loop } = await prepareTraining(plan, objective, texts, {
        signal: abort.signal,
        checkpoints: {
          store: new CheckpointStore(join(folder, 'added'), { fingerprint: 'added', inputs: {} }),
          every: 1,
          fence: () => Promise.resolve(),
        },
        observer: () => ({
          step: ({ step }) => {
            if (step === stopAt) abort.abort();
          },
        }),
      });
      const ended = await loop.run().catch(() => undefined);
      const names = [...(ended?.parameters.keys() ?? [])];
      return { extra: (await extra.data())[0] ?? NaN, names, count };
    };
    const stopped = await run(2);
    expect(stopped).toMatchObject({ names: [], count: 2 });
    const { extra, names, count } = await run(-1);
    expect(extra).toBeLessThan(stopped.extra);
    expect(count).toBe(4);
    expect(names).toContain('mean_pool_classifier.weight');
    expect(names).not.toContain('extra');
  }, 120_000);
});
