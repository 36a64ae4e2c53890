import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { openModel } from '../model/open-model.js';
import { adapterProduct } from '../testing/adapter-product.js';
import { golden, newFolder, writeVectors } from '../testing/safetensors-bytes.js';
import type { AdapterModule } from './adapter.js';
import { toPlainLora } from './convert-adapter.js';
import { readAdapter } from './read-adapter.js';
import { writeAdapter } from './write-adapter.js';

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** ‖x − y‖ / ‖y‖. */
function distance(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let [difference, norm] = [0, 0];
  for (let i = 0; i < y.length; i += 1) {
    difference += ((x[i] ?? NaN) - (y[i] ?? NaN)) ** 2;
    norm += (y[i] ?? NaN) ** 2;
  }
  return Math.sqrt(difference / norm);
}

test.each(['lora', 'lora_patterns', 'rslora'])('%s folds as PEFT merges it', async (name) => {
  const folded = await openModel(golden('base'), { adapters: [golden(`adapters/${name}`)] });
  const merged = await openModel(golden(`adapters/${name}/merged.safetensors`));
  for (const tensor of merged.tensors.keys()) {
    const expected = await merged.read(tensor, 'f64');
    expect(distance(await folded.read(tensor, 'f32'), expected)).toBeLessThanOrEqual(1e-6);
    expect(distance(await folded.read(tensor, 'f64'), expected)).toBeLessThanOrEqual(1e-6);
  }
});

test.each(['lora', 'lora_patterns', 'rslora'])('%s is read and written without a change', async (name) => {
  const adapter = await readAdapter(golden(`adapters/${name}`));
  await writeAdapter(folder, adapter);
  const again = await readAdapter(folder);
  expect(again.modules).toEqual(adapter.modules);
  expect(await readFile(join(folder, 'adapter_model.safetensors'))).toHaveLength(
    (await readFile(golden(`adapters/${name}/adapter_model.safetensors`))).length,
  );
  const text = await readFile(join(folder, 'adapter_config.json'), 'utf8');
  const keys = Object.keys(JSON.parse(text) as object);
  expect(keys).toEqual([...keys].sort());
  expect(text).toContain('\n  "r": 4,\n');
});

test.each(['pissa', 'olora'])('%s converts to plain LoRA as in PEFT', async (name) => {
  const [trained, initial, expected] = await Promise.all(
    ['trained', 'init', 'as_lora'].map((step) => readAdapter(golden(`conversion/${name}/${step}`))),
  );
  const plain = toPlainLora(trained!, initial!);
  expect(plain.settings).toMatchObject({ rank: 8, alpha: 16, initLoraWeights: true });
  for (const [module, pair] of expected!.modules) {
    const ours = plain.modules.get(module);
    expect(ours).toMatchObject({ rank: pair.rank, scaling: pair.scaling });
    expect(distance(adapterProduct(ours!), adapterProduct(pair))).toBeLessThanOrEqual(1e-6);
  }
});

test('an adapter that fits a decomposed base only is not folded', async () => {
  const adapters = [golden('conversion/pissa/trained')];
  await cp(adapters[0]!, folder, { recursive: true });
  const config = JSON.parse(await readFile(join(folder, 'adapter_config.json'), 'utf8')) as object;
  await writeFile(
    join(folder, 'adapter_config.json'),
    JSON.stringify({ ...config, init_lora_weights: 'pissa' }),
  );
  await expect(openModel(golden('base'), { adapters: [folder] })).rejects.toMatchObject({
    reason: 'ADAPTER_NEEDS_CONVERSION',
  });
});

test('DoRA and what else this package does not compute is refused', async () => {
  await expect(readAdapter(golden('adapters/dora'))).rejects.toMatchObject({ reason: 'UNSUPPORTED_ADAPTER' });
});

test('an adapter of another shape is refused by module', async () => {
  const base = join(folder, 'base');
  await mkdir(base);
  await writeVectors(join(base, 'model.safetensors'), { 'model.layers.0.mlp.down_proj.weight': [1, 2] });
  await expect(openModel(base, { adapters: [golden('adapters/lora')] })).rejects.toMatchObject({
    reason: 'ADAPTER_DOES_NOT_FIT',
  });
});

test('heads trained in full replace or join the tensors of the base', async () => {
  const lora = await readAdapter(golden('adapters/lora'));
  const saved = { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) };
  const settings = { ...lora.settings, modulesToSave: ['score'] };
  await writeAdapter(folder, { ...lora, settings, savedTensors: new Map([['score.weight', saved]]) });
  const model = await openModel(golden('base'), { adapters: [folder] });
  expect(model.tensors.get('score.weight')?.shape).toEqual([2, 2]);
  expect(await model.read('score.weight', 'f32')).toEqual(saved.data);
});

test('an embedding pair is folded transposed', async () => {
  const vocabulary = 64;
  const hidden = 32;
  const a = Float32Array.from({ length: 2 * vocabulary }, (_, i) => Math.sin(i));
  const b = Float32Array.from({ length: hidden * 2 }, (_, i) => Math.cos(i));
  const lora = await readAdapter(golden('adapters/lora'));
  const pair: AdapterModule = {
    kind: 'embedding',
    a,
    b,
    aShape: [2, vocabulary],
    bShape: [hidden, 2],
    rank: 2,
    alpha: 3,
    scaling: 1.5,
  };
  const settings = { ...lora.settings, targetModules: ['embed_tokens'] };
  await writeAdapter(folder, { ...lora, settings, modules: new Map([['model.embed_tokens', pair]]) });
  const base = await (await openModel(golden('base'))).read('model.embed_tokens.weight', 'f64');
  const folded = await openModel(golden('base'), { adapters: [folder] });
  const expected = base.map((value, at) => {
    const [word, dimension] = [Math.floor(at / hidden), at % hidden];
    const sum =
      (b[2 * dimension] ?? 0) * (a[word] ?? 0) + (b[2 * dimension + 1] ?? 0) * (a[vocabulary + word] ?? 0);
    return value + 1.5 * sum;
  });
  expect(distance(await folded.read('model.embed_tokens.weight', 'f64'), expected)).toBeLessThan(1e-7);
});
