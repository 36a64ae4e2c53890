import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AppError } from '@eigenloom/errors';
import { merge, status } from '@eigenloom/contracts';
import { toStatus } from '@eigenloom/runtime';

import { mergeKind } from '../kind.js';
import { contextIn, model, newFolder, requestOf } from '../testing/job-context.js';
import { type TinyTensors, writeTinyModel } from '../testing/tiny-model.js';

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (
  name: string,
  tensors: TinyTensors,
  config: Readonly<Record<string, unknown>>,
): Promise<string> => writeTinyModel(join(folder, name), tensors, config);
const request = (fields: Partial<merge.MergeRequest>): merge.MergeRequest =>
  requestOf({ method: merge.MergeMethod.fromJSON({ linear: {} }), ...fields });

async function refusal(fields: Partial<merge.MergeRequest>): Promise<AppError> {
  return mergeKind.validate(request(fields), contextIn(folder)).then(
    () => {
      throw new Error('nothing was refused');
    },
    (error: unknown) => error as AppError,
  );
}

test('all problems come at once: keys of the config, and tensors that differ, lack or are too many', async () => {
  const a = await write(
    'a',
    { 'e.weight': { value: 1, shape: [6, 2] }, ids: { value: 1, dtype: 'I64' }, only: 1, same: 1 },
    { model_type: 'llama', tie_word_embeddings: true, vocab_size: 6 },
  );
  const b = await write(
    'b',
    { 'e.weight': { value: 1, shape: [8, 2] }, ids: 1, other: 1, same: 1 },
    { model_type: 'mistral', tie_word_embeddings: false, vocab_size: 8 },
  );
  const error = await refusal({ models: [model(a), model(b)] });
  expect(error).toMatchObject({ kind: 'INCOMPATIBLE', reason: 'INCOMPATIBLE_MODELS' });
  expect(error.details).toEqual({
    problems: '6',
    model_type: 'is "llama" in models[0] and "mistral" in models[1]',
    tie_word_embeddings: 'is true in models[0] and false in models[1]',
    'e.weight': 'has shape [8, 2] in models[1] instead of [6, 2]',
    ids: 'is F32 in models[1] instead of I64',
    only: 'is missing in models[1]',
    other: 'is in models[1] and not in models[0]',
  });
  expect(error.message).toMatch(/^vocab_size is 6 in models\[0\] and 8 in models\[1\] \(tokenizer_source /);
  expect(error.message).toMatch(/; model_type is .*; tensor "e\.weight" has shape .*; and 1 more$/);
});

test('a thousand problems fit a status of 4 KiB, which says how many there are', async () => {
  const names = Array.from({ length: 1000 }, (_, i) => `model.layers.${i}.${'long.'.repeat(12)}weight`);
  const of = (shape: number[]): TinyTensors =>
    Object.fromEntries(names.map((name) => [name, { value: 1, shape }]));
  const a = await write('a', of([2]), { model_type: 'x' });
  const b = await write('b', of([3]), { model_type: 'x' });
  const error = await refusal({ models: [model(a), model(b)] });
  expect(Object.keys(error.details)).toHaveLength(33);
  const sent = toStatus(error);
  expect(status.Status.encode(sent).finish().byteLength).toBeLessThanOrEqual(4096);
  expect(sent.message).toMatch(/; and 994 more$/);
});

test('an estimate tells what will be converted, copied, left out and ignored', async () => {
  const base = await write(
    'base',
    { w: { value: 1, dtype: 'BF16' }, ids: { value: 1, dtype: 'I64' }, 'lm_head.weight': 1 },
    { model_type: 'x', architectures: ['A'], tie_word_embeddings: true, auto_map: { AutoModel: 'm.py' } },
  );
  const tuned = await write(
    'tuned',
    { w: 2, ids: { value: 1, dtype: 'I64' }, 'lm_head.weight': 1, more: 1 },
    { model_type: 'x', architectures: ['B'], tie_word_embeddings: true },
  );
  const { notes, diskBytes, readBytes } = await mergeKind.estimate(
    request({
      base: { uri: base, adapters: [] },
      models: [model(tuned)],
      method: merge.MergeMethod.fromJSON({ task_arithmetic: {} }),
    }),
    contextIn(folder),
  );
  expect(notes).toEqual([
    'architectures is ["A"] in base and ["B"] in models[0]',
    '1 tensor is converted: F32 to BF16 ("w")',
    '1 tensor is integer or boolean: equal in all models, or the merge fails ("ids")',
    'left out, because the base lacks them: 1 tensors ("more")',
    'base has a head of its own although tie_word_embeddings is true',
    'models[0] has a head of its own although tie_word_embeddings is true',
    'config.json: auto_map is ignored, because it would run code',
  ]);
  // Two elements each: w in bf16, ids in i64, the head in f32; read from both models, without what is left out.
  expect(diskBytes).toBe(BigInt(2 * 2 + 2 * 8 + 2 * 4));
  expect(readBytes).toBe(BigInt(2 * 2 + 2 * 8 + 2 * 4 + 2 * 4 + 2 * 8 + 2 * 4));
});
