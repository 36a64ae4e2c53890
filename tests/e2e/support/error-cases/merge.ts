import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tinyBertTensors, writeTinyBert } from '../tiny-bert.js';
import { type ErrorCase, goodModel } from './error-case.js';

/** What is wrong with merges. */
export const MERGE_ERROR_CASES: readonly ErrorCase[] = [
  {
    title: 'models whose tensors have different shapes',
    service: 'merge',
    async prepare(folder: string): Promise<void> {
      await goodModel(folder);
      const tensors = tinyBertTensors(2);
      tensors['pooler.dense.bias'] = { shape: [31], values: new Float32Array(31) };
      await writeTinyBert(join(folder, 'other'), 2, tensors);
    },
    request: { models: [{ model: { uri: 'model' } }, { model: { uri: 'other' } }], linear: {} },
    code: 'FAILED_PRECONDITION',
    reason: 'INCOMPATIBLE_MODELS',
    exitStatus: 4,
    message: /pooler\.dense\.bias/,
  },
  {
    title: 'a result whose values its type cannot hold',
    service: 'merge',
    async prepare(folder: string): Promise<void> {
      const tensors = tinyBertTensors(1);
      // The largest float16 is 65504.
      tensors['encoder.layer.0.attention.self.query.weight']?.values.set([1e5], 5);
      await writeTinyBert(join(folder, 'model'), 1, tensors);
    },
    request: {
      models: [{ model: { uri: 'model' } }],
      passthrough: {},
      output_data_type: 'DATA_TYPE_F16',
      allow_unchanged: true,
    },
    code: 'INTERNAL',
    reason: 'NON_FINITE_RESULT',
    exitStatus: 10,
    message: /encoder\.layer\.0\.attention\.self\.query\.weight": 1 of \d+ values .* as F16.* 65504/,
  },
  {
    title: 'an adapter in the place of a model',
    service: 'merge',
    async prepare(folder: string): Promise<void> {
      await goodModel(folder);
      await mkdir(join(folder, 'lora'));
      await writeFile(join(folder, 'lora/adapter_config.json'), '{"peft_type": "LORA"}');
    },
    request: { models: [{ model: { uri: 'model' } }, { model: { uri: 'lora' } }], linear: {} },
    code: 'NOT_FOUND',
    reason: 'NO_WEIGHTS',
    exitStatus: 3,
    message: /models\[1\]\.model\.uri \(".*lora"\): .* it holds an adapter: .*BASE\+ADAPTER/,
  },
  {
    title: 'a merge without a method',
    service: 'merge',
    prepare: goodModel,
    request: { models: [{ model: { uri: 'model' } }] },
    code: 'INVALID_ARGUMENT',
    reason: 'METHOD_MISSING',
    exitStatus: 2,
    message: /method: /,
  },
];
