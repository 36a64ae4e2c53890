import { appendFile, cp, mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DigestCache } from '@eigenloom/checkpoint';
import { trainKind } from './kind.js';
import {
  contextIn,
  newFolder,
  requestOf,
  TINY_BERT,
  writeExamples,
  writeTinyAdapter,
} from './testing/tiny-runs.js';

let folder: string;
let model: string;
let adapter: string;
let train: string;
let validation: string;
beforeAll(async () => {
  folder = await newFolder();
  model = join(folder, 'model');
  await cp(TINY_BERT, model, { recursive: true });
  adapter = await writeTinyAdapter(folder, model, ['bert.encoder.layer.0.attention.self.query']);
  train = await writeExamples(folder, 'train.jsonl', 24);
  validation = await writeExamples(folder, 'validation.jsonl', 8, 24);
});
afterAll(() => rm(folder, { recursive: true }));

const requestTo = (out: string): ReturnType<typeof requestOf> =>
  requestOf({
    outputUri: join(folder, out),
    model: { uri: model },
    trainData: { uri: train },
    validationData: { uri: validation },
    adapter: { uri: adapter },
    sequenceClassification: {},
    batching: { batchSize: 8, maxLength: 32 },
    maxSteps: 6,
    checkpointSteps: 1,
  });

/** Runs a job in a scratch folder; with `until` it is stopped after that step. */
async function run(out: string, scratch: string, until?: number): Promise<void> {
  await mkdir(scratch, { recursive: true });
  const abort = new AbortController();
  const context = contextIn(scratch, abort.signal, ({ metrics }) => {
    if (until !== undefined && metrics?.['step'] === until) abort.abort();
  });
  await trainKind.run(requestTo(out), { ...context, digests: new DigestCache(join(folder, 'digests')) });
}

/** Another byte at the end of a file that keeps its size and its time of modification. */
async function changeByte(path: string): Promise<void> {
  const { atime, mtime } = await stat(path);
  const bytes = await readFile(path);
  const last = path.endsWith('.json') ? bytes.lastIndexOf('}'.charCodeAt(0)) - 1 : bytes.length - 1;
  // White space for JSON, so that only the content can tell.
  bytes[last] = path.endsWith('.json') ? (bytes[last] === 32 ? 10 : 32) : (bytes[last] ?? 0) ^ 1;
  await writeFile(path, bytes);
  await utimes(path, atime, mtime);
}

test('a checkpoint is gone on with on the same content only', async () => {
  const scratch = join(folder, 'scratch');
  await run('whole', join(folder, 'scratch-whole'));
  await expect(run('resumed', scratch, 3)).rejects.toMatchObject({ kind: 'CANCELLED' });

  const changes: [string, (path: string) => Promise<void>, RegExp][] = [
    [
      train,
      async () => {
        await writeExamples(folder, 'train.jsonl', 24, 1);
      },
      /train_data\/train\.jsonl has changed/,
    ],
    [train, (path) => appendFile(path, '\n{"text":"w3 w4","label":"ham"}'), /train_data\/train\.jsonl has/],
    [validation, (path) => appendFile(path, '\n'), /validation_data\/validation\.jsonl has/],
    [join(model, 'model.safetensors'), changeByte, /model\/model\.safetensors has/],
    [join(model, 'config.json'), changeByte, /model\/config\.json has/],
    [join(model, 'tokenizer.json'), changeByte, /model\/tokenizer\.json has/],
    [join(adapter, 'adapter_model.safetensors'), changeByte, /adapter\/adapter_model\.safetensors has/],
    [join(adapter, 'adapter_config.json'), changeByte, /adapter\/adapter_config\.json has/],
  ];
  for (const [path, change, message] of changes) {
    const before = await readFile(path);
    await change(path);
    await expect(run('resumed', scratch)).rejects.toMatchObject({
      kind: 'INCOMPATIBLE',
      reason: 'INPUT_CHANGED',
      message: expect.stringMatching(message) as string,
    });
    await writeFile(path, before);
  }

  // Touched, moved away and back, written again: the content is the same.
  for (const [path] of changes) await utimes(path, 1_000_000_000, 1_000_000_000);
  await run('resumed', scratch);
  for (const name of ['adapter_model.safetensors', 'training_log.jsonl']) {
    expect(await readFile(join(folder, 'resumed', name))).toEqual(
      await readFile(join(folder, 'whole', name)),
    );
  }
}, 240_000);
