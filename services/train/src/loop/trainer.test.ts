import { rm } from 'node:fs/promises';
import { setBackend, tf } from '@eigenloom/engine';
import { loadTokenizer } from '@eigenloom/models';
import { resolvePlan } from '../plan/resolve-plan.js';
import {
  contextIn,
  newFolder,
  requestOf,
  TINY_BERT,
  writeExamples,
  writeTinyAdapter,
} from '../testing/tiny-runs.js';
import { prepareNetwork } from './prepare-network.js';
import { TrainableSet } from './trainable.js';
import { Trainer } from './trainer.js';
import { loadTrainingData } from './training-data.js';

let folder: string;
beforeAll(async () => {
  await setBackend('cpu');
  folder = await newFolder();
});
afterAll(() => rm(folder, { recursive: true }));

describe('Trainer', () => {
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
        batching: { batchSize: 8 },
        ...(method === 'lora' ? { adapter: lora } : { full: {} }),
      });
      const plan = await resolvePlan(request, contextIn(folder));
      const texts = await loadTrainingData(
        { ...plan, maxLength: 32 },
        { classes: undefined, start: 'new' },
        await loadTokenizer(TINY_BERT),
        signal,
      );
      const prepared = await prepareNetwork(plan, { count: 2, start: 'new' }, signal);
      const trainable = new TrainableSet(prepared.trained);
      // A, B and the head's two; in full 5 of the embeddings, 16 of each of two layers, and the head's two.
      expect(prepared.trained.size).toBe(method === 'lora' ? 4 : 39);
      const trainer = new Trainer(plan, prepared, trainable, texts);
      await trainer.takeStep(1);
      const before = tf.memory();
      for (const step of [2, 3, 4]) await trainer.takeStep(step);
      await trainer.evaluate(4, signal);
      const after = tf.memory();
      expect(after.numTensors).toBe(before.numTensors);
      expect(after.numBytes).toBe(before.numBytes);
    },
    120_000,
  );
});
