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
import { objectiveOf } from './plan-choices.js';
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
        adapterUri: await writeTinyAdapter(
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
        batchSize: 8,
        ...(method === 'lora' ? { lora } : { full: {} }),
      });
      const plan = await resolvePlan(request, contextIn(folder));
      const objective = objectiveOf(plan);
      const texts = await objective.read({
        ...{ train: plan.trainData, validation: plan.validationData, maxLength: 32, signal },
        tokenizer: () => loadTokenizer(TINY_BERT),
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
});
