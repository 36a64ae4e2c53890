import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { openModel } from '@eigenloom/adapters';
import { writeTrained } from '@eigenloom/adapters/dist/testing/write-trained.js';
import { transpose, writeModel } from '@eigenloom/checkpoint';
import { merge } from '@eigenloom/contracts';
import { SafetensorsFile, SafetensorsWriter } from '@eigenloom/numeric';

import { mergeKind } from '../kind.js';
import { contextIn, modelsGolden, newFolder, peftGolden, requestOf } from '../testing/job-context.js';
import { normals, writeModel as writeSynthetic } from '../testing/synthetic-model.js';

const BERT = modelsGolden('tiny-bert-classifier');
const LLAMA = peftGolden('base');
const TIED = join(__dirname, '..', '..', '..', '..', 'tests', 'golden', 'tied', 'base');

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rm(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

const ref = (uri: string, ...adapters: string[]): { uri: string; adapters: string[] } => ({ uri, adapters });
const request = (
  models: readonly ReturnType<typeof ref>[],
  fields: Partial<merge.MergeRequest> = {},
): merge.MergeRequest =>
  requestOf({
    models: models.map((model) => ({ ...merge.MergeInput.fromJSON({}), model })),
    method: merge.MergeMethod.fromJSON({ linear: {} }),
    outputUri: at('out'),
    ...fields,
  });
const bytesOf = (out: string): Promise<Buffer> => readFile(join(out, 'model.safetensors'));
const resultOf = (): Promise<SafetensorsFile> => SafetensorsFile.open(join(at('out'), 'model.safetensors'));

/** The model with its adapters as a model of its own. */
async function folded(name: string, uri: string, ...adapters: string[]): Promise<string> {
  const like = await openModel(uri, { adapters });
  await mkdir(at(name));
  await writeModel(at(name), { like, read: (tensor) => like.read(tensor.name, 'f64') });
  return at(name);
}

describe('what cannot be folded is refused before anything runs', () => {
  it.each(['models[1].model.adapters[1]', 'base.adapters[0]'])('%s', async (field) => {
    const lora = await writeTrained(at('lora'), 'lora', { model: LLAMA });
    const prefix = await writeTrained(at('prefix'), 'prefixTuning', { model: LLAMA });
    const ofBase = field.startsWith('base');
    const given = request([ref(LLAMA), ofBase ? ref(LLAMA, lora) : ref(LLAMA, lora, prefix)], {
      method: merge.MergeMethod.fromJSON({ task_arithmetic: {} }),
      base: ofBase ? ref(LLAMA, prefix) : ref(LLAMA),
    });
    await expect(mergeKind.validate(given, contextIn(folder))).rejects.toMatchObject({
      reason: 'ADAPTER_NOT_FOLDABLE',
      message: expect.stringMatching(/PREFIX_TUNING.*take the model without it/) as string,
      fieldViolations: [expect.objectContaining({ field }) as object],
    });
  });

  it('in a configuration of mergekit, on a model and on what another document makes', async () => {
    const prefix = await writeTrained(at('prefix'), 'prefixTuning', { model: LLAMA });
    const plain = `merge_method: linear\nmodels: [{model: ${LLAMA}}, {model: ${LLAMA}+${prefix}}]\nparameters: {weight: 1}`;
    const staged = `name: half\nmerge_method: linear\nmodels: [{model: ${LLAMA}}]\nparameters: {weight: 1}\n---\nmerge_method: passthrough\nmodels: [{model: half+${prefix}}]`;
    for (const [config, field] of [
      [plain, 'mergekit.models[1].model.lora'],
      [staged, 'mergekit[1].models[0].model.lora'],
    ] as const) {
      const given = requestOf({ outputUri: at('out'), mergekit: { config } });
      await expect(mergeKind.validate(given, contextIn(folder))).rejects.toMatchObject({
        reason: 'ADAPTER_NOT_FOLDABLE',
        fieldViolations: [expect.objectContaining({ field }) as object],
      });
    }
  });

  it('SSF at a module without a bias, by its name', async () => {
    const ssf = await writeTrained(at('ssf'), 'ssf', {
      model: LLAMA,
      modules: ['model.layers.0.self_attn.q_proj'],
    });
    await expect(mergeKind.validate(request([ref(LLAMA, ssf)]), contextIn(folder))).rejects.toMatchObject({
      reason: 'ADAPTER_DOES_NOT_FIT',
      message: expect.stringMatching(/q_proj.*has no bias/) as string,
    });
  });
});

describe('weights stored (in, out)', () => {
  const MODULE = 'h.0.attn.c_attn';
  /** The same numbers, stored both ways. */
  async function both(config: object, columns: number): Promise<void> {
    const { [`${MODULE}.weight`]: weight } = await normals({ [`${MODULE}.weight`]: [8, columns] }, 0n, 1);
    await writeSynthetic(at('turned'), { [`${MODULE}.weight`]: weight! });
    const plain = { shape: [columns, 8], values: transpose(weight!.values, 8, columns) };
    await writeSynthetic(at('plain'), { [`${MODULE}.weight`]: plain });
    await writeFile(join(at('turned'), 'config.json'), JSON.stringify(config));
  }

  it.each(['dora', 'vera'] as const)('%s is folded the other way round', async (kind) => {
    for (const [config, fanInFanOut, columns] of [
      [{ model_type: 'gpt2' }, false, 24],
      [{}, true, 24],
      [{}, true, 8],
    ] as const) {
      await both(config, columns);
      const modules = [MODULE];
      const adapter = await writeTrained(at('adapter'), kind, { model: at('turned'), modules, fanInFanOut });
      await mergeKind.run(request([ref(at('turned'), adapter)], { allowUnchanged: true }), contextIn(folder));
      const own = await (await resultOf()).read(`${MODULE}.weight`, 'f32');
      const ofPlain = await writeTrained(at('of-plain'), kind, { model: at('plain'), modules });
      const expected = await (
        await openModel(at('plain'), { adapters: [ofPlain] })
      ).read(`${MODULE}.weight`, 'f32');
      expect(transpose(own, 8, columns)).toEqual(expected);
      for (const name of ['out', 'turned', 'plain', 'adapter', 'of-plain'])
        await rm(at(name), { recursive: true });
    }
  });

  it('a square one of an unknown model is refused where nothing says how it lies', async () => {
    await both({}, 8);
    const adapter = await writeTrained(at('adapter'), 'dora', { model: at('turned'), modules: [MODULE] });
    const config = JSON.parse(await readFile(join(adapter, 'adapter_config.json'), 'utf8')) as object;
    await writeFile(
      join(adapter, 'adapter_config.json'),
      JSON.stringify({ ...config, fan_in_fan_out: undefined }),
    );
    await expect(
      mergeKind.validate(request([ref(at('turned'), adapter)]), contextIn(folder)),
    ).rejects.toMatchObject({
      reason: 'ADAPTER_DOES_NOT_FIT',
      message: expect.stringContaining('square') as string,
    });
  });
});

it('DoRA on a head that is the embeddings makes two weights of them', async () => {
  const dora = await writeTrained(at('dora'), 'dora', {
    model: await folded('with-head', TIED),
    modules: ['model.layers.0.self_attn.q_proj'],
  });
  const both = await openModel(TIED);
  const { shape } = both.tensors.get('model.embed_tokens.weight')!;
  // The head of the tied model, as a tensor of its own for the writer of the adapter.
  await mkdir(at('head'));
  await writeModel(at('head'), {
    like: both,
    tensors: [{ name: 'lm_head.weight', dtype: 'F32', shape }],
    read: () => both.read('model.embed_tokens.weight', 'f64'),
  });
  const onHead = await writeTrained(at('on-head'), 'dora', { model: at('head'), modules: ['lm_head'] });
  await mergeKind.run(request([ref(TIED, dora, onHead), ref(TIED)]), contextIn(folder));
  const result = await resultOf();
  const expected = await openModel(at('head'), { adapters: [onHead] });
  const [own, head, plain] = [
    await result.read('lm_head.weight', 'f64'),
    await expected.read('lm_head.weight', 'f64'),
    await both.read('model.embed_tokens.weight', 'f64'),
  ];
  for (const [i, value] of own.entries()) expect(value).toBeCloseTo((head[i]! + plain[i]!) / 2, 7);
  expect(await result.read('model.embed_tokens.weight', 'f64')).toEqual(plain);
  const config = JSON.parse(await readFile(join(at('out'), 'config.json'), 'utf8')) as object;
  expect(config).toMatchObject({ tie_word_embeddings: false });
});

it('tensors in full of an adapter that is no LoRA replace those of the base', async () => {
  const dora = await writeTrained(at('dora'), 'dora', { model: BERT });
  const path = join(dora, 'adapter_model.safetensors');
  const file = await SafetensorsFile.open(path);
  const head = Float32Array.from({ length: 48 }, (_, i) => i / 7);
  const plans = [
    ...[...file.tensors.values()].map(({ name, dtype, shape }) => ({ name, dtype, shape })),
    { name: 'base_model.model.classifier.weight', dtype: 'F32' as const, shape: [3, 16] },
    { name: 'base_model.model.classifier.bias', dtype: 'F32' as const, shape: [3] },
  ];
  const writer = await SafetensorsWriter.create(at('new'), plans);
  for (const { name } of file.tensors.values()) await writer.write(name, await file.read(name, 'f32'));
  await writer.write('base_model.model.classifier.weight', head);
  await writer.write('base_model.model.classifier.bias', head.subarray(0, 3));
  await writer.finish();
  await writeFile(path, await readFile(at('new')));
  const config = JSON.parse(await readFile(join(dora, 'adapter_config.json'), 'utf8')) as object;
  await writeFile(
    join(dora, 'adapter_config.json'),
    JSON.stringify({ ...config, modules_to_save: ['classifier'] }),
  );
  await mergeKind.run(request([ref(BERT, dora)], { allowUnchanged: true }), contextIn(folder));
  expect(await (await resultOf()).read('classifier.weight', 'f32')).toEqual(head);
});

describe('what reads models in another way', () => {
  let dora: string;
  let ssf: string;
  beforeEach(async () => {
    dora = await writeTrained(at('dora'), 'dora', { model: BERT });
    ssf = await writeTrained(at('ssf'), 'ssf', { model: BERT, seed: 8n });
  });

  /** The result of a request on models with adapters, and of the same on the folded ones. */
  async function both(fields: Partial<merge.MergeRequest>): Promise<[string, string]> {
    const plain = [ref(await folded('a', BERT, dora)), ref(await folded('b', BERT, ssf))];
    await mergeKind.run(
      request([ref(BERT, dora), ref(BERT, ssf)], { ...fields, outputUri: at('own') }),
      contextIn(folder),
    );
    await mergeKind.run(request(plain, { ...fields, outputUri: at('expected') }), contextIn(folder));
    return [at('own'), at('expected')];
  }

  it('a configuration of mergekit, by +', async () => {
    const config = (one: string, two: string): string =>
      `merge_method: slerp\nbase_model: ${one}\nmodels: [{model: ${one}}, {model: ${two}}]\nparameters: {t: 0.3}\ndtype: float32`;
    const own = requestOf({
      outputUri: at('own'),
      mergekit: { config: config(`${BERT}+${dora}`, `${BERT}+${ssf}`) },
    });
    const context = contextIn(folder);
    await mergeKind.run(own, context);
    const plain = config(await folded('a', BERT, dora), await folded('b', BERT, ssf));
    await mergeKind.run(
      requestOf({ outputUri: at('expected'), mergekit: { config: plain } }),
      contextIn(folder),
    );
    expect(await bytesOf(at('own'))).toEqual(await bytesOf(at('expected')));
    expect(Object.keys(context.lineage!.inputs)).toEqual(
      expect.arrayContaining(['models/0/adapters/0/adapter_model.safetensors']),
    );
  });

  it('the report on interference', async () => {
    const [own, expected] = await both({
      method: merge.MergeMethod.fromJSON({ ties: {} }),
      base: ref(BERT),
      reportInterference: {},
    });
    expect(await bytesOf(own)).toEqual(await bytesOf(expected));
    const report = (out: string): Promise<string> => readFile(join(out, 'interference.json'), 'utf8');
    expect(JSON.parse(await report(own))).toEqual(JSON.parse(await report(expected)));
  });

  it('the extraction of an adapter', async () => {
    const method = merge.MergeMethod.fromJSON({
      extract_adapter: { rank: 4, target_modules: ['query'], drop_biases: true },
    });
    for (const [out, model] of [
      [at('own'), ref(BERT, dora)],
      [at('expected'), ref(await folded('a', BERT, dora))],
    ] as const) {
      await mergeKind.run(request([model], { method, base: ref(BERT), outputUri: out }), contextIn(folder));
    }
    const adapter = (out: string): Promise<Buffer> => readFile(join(out, 'adapter_model.safetensors'));
    expect(await adapter(at('own'))).toEqual(await adapter(at('expected')));
  });

  it.each([1e9, 1000])('a worker that searches a soup with %d bytes of memory', async (bytes) => {
    const lines = ['a b c', 'hello there', 'spam ham', 'five six'].map((text, i) =>
      JSON.stringify({ text, label: ['ham', 'spam', 'eggs'][i % 3] }),
    );
    await writeFile(at('data.jsonl'), lines.join('\n'));
    const config = JSON.parse(await readFile(join(BERT, 'config.json'), 'utf8')) as { id2label?: object };
    const labels = Object.values(config.id2label ?? {}) as string[];
    await writeFile(
      at('data.jsonl'),
      lines
        .map((line, i) =>
          JSON.stringify({ ...(JSON.parse(line) as object), label: labels[i % labels.length] }),
        )
        .join('\n'),
    );
    const method = merge.MergeMethod.fromJSON({
      greedy_soup: { data: { uri: at('data.jsonl') }, memory_bytes: String(bytes) },
    });
    const [own, expected] = await both({ method, allowUnchanged: true });
    expect(await bytesOf(own)).toEqual(await bytesOf(expected));
  });
});
