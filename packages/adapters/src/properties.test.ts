import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { setBackend, tf } from '@eigenloom/engine';
import { type Network, makeBatch, randomNormals, streamKey } from '@eigenloom/models';
import { SafetensorsFile } from '@eigenloom/numeric';

import { readAdapterFolder, writeAdapterFolder } from './adapter-folder.js';
import type { AdapterChoice } from './choice.js';
import { byRule } from './fold-kind.js';
import { openModel } from './open-model.js';
import { type FactorValues, type Parametrisation, type Site, factorName } from './parametrisation.js';
import { placeAdapter } from './place-adapter.js';
import { ADAPTERS, DEFINITIONS } from './registry.js';
import { sitesOf } from './sites.js';
import { FIXTURES } from './testing/fixtures.js';
import {
  distance,
  golden,
  goldenLlama,
  goldenTexts,
  logitsOf,
  newFolder,
  trainedFactors,
} from './testing/golden-llama.js';

let folder: string;
let network: Network;
let texts: Int32Array[];
beforeAll(async () => {
  await setBackend('cpu');
  texts = (await goldenTexts()).slice(0, 2);
});
beforeEach(async () => {
  folder = await newFolder();
  network = await goldenLlama();
});
afterEach(async () => {
  network.dispose();
  await rm(folder, { recursive: true });
});

const KINDS = Object.keys(FIXTURES) as AdapterChoice['$case'][];

describe.each(KINDS)('%s', (kind) => {
  const fixture = FIXTURES[kind];
  const { modules } = fixture;
  const parametrisation: Parametrisation = ADAPTERS.create({
    $case: kind,
    value: fixture.parameters,
  }).method;
  const sitesIn = (): Site[] => sitesOf(parametrisation, network.modules, modules);
  const startFactors = (): Promise<FactorValues[]> =>
    Promise.all(parametrisation.tensors(sitesIn()).map(async (t) => ({ ...t, data: await t.start(5n) })));
  const write = async (factors: readonly FactorValues[], path = folder): Promise<void> => {
    const settings = {
      targetModules: [],
      modulesToSave: [],
      taskType: '',
      baseModel: '',
      fanInFanOut: false,
    };
    await writeAdapterFolder(path, { parametrisation, modules, factors, savedTensors: new Map(), settings });
  };

  it('starts by the seed, and changes nothing where it says so', async () => {
    const factors = await startFactors();
    expect(await startFactors()).toEqual(factors);
    const { applied } = placeAdapter({ parametrisation, modules, factors }, network);
    const plain = logitsOf(network, texts);
    const apart = distance(logitsOf(network, texts, { adapters: [applied] }), plain);
    if (parametrisation.neutral) expect(apart).toBeLessThan(1e-6);
    else expect(apart).toBeGreaterThan(1e-4);
  });

  // Sums run in f32 in another order; the folded weights are rounded to f32 once.
  it('computes what its fold computes, and openModel folds the same', async () => {
    const factors = await trainedFactors(parametrisation, sitesIn());
    const { applied } = placeAdapter({ parametrisation, modules, factors }, network);
    const adapted = logitsOf(network, texts, { adapters: [applied] });
    expect(distance(adapted, logitsOf(network, texts))).toBeGreaterThan(1e-3);
    if (parametrisation.fold === undefined) return;
    await write(factors);
    const byFolder = await goldenLlama([folder]);
    expect(distance(logitsOf(byFolder, texts), adapted)).toBeLessThan(1e-5);
    byFolder.dispose();
    const target = await openModel(golden('base'));
    const rule = byRule(DEFINITIONS[kind]);
    const { folds } = await rule.fold(folder, { tensors: target.tensors, config: target.config }, {});
    const whole = await openModel(golden('base'), { adapters: [folder] });
    expect(folds.size).toBeGreaterThan(0);
    for (const [name, fold] of folds) {
      if (!('apply' in fold)) throw new Error(`${name} is not folded by the rule`);
      const folded = await fold.apply(await target.read(name, 'f64'), {});
      expect(distance(folded, await whole.read(name, 'f64'))).toBeLessThan(1e-14);
    }
  });

  it('has the gradient that differences give', async () => {
    const factors = await trainedFactors(parametrisation, sitesIn());
    const { applied, trained } = placeAdapter({ parametrisation, modules, factors }, network);
    const batch = makeBatch(texts, 0);
    const loss = (): tf.Scalar => network.languageLoss(batch, { adapters: [applied] });
    const { grads, value } = tf.variableGrads(loss, [...trained.values()]);
    expect(value.dataSync()[0]).toBeGreaterThan(0);
    for (const [name, variable] of trained) {
      const along = randomNormals(streamKey(1n, name), variable.size, 1);
      const slope = grads[variable.name]!.dataSync<'float32'>().reduce((sum, g, i) => sum + g * along[i]!, 0);
      const start = variable.dataSync().slice() as Float32Array;
      const at = (step: number): number => {
        variable.assign(
          tf.tensor(
            start.map((v, i) => v + step * along[i]!),
            variable.shape,
          ),
        );
        return tf.tidy(loss).dataSync()[0]!;
      };
      const step = 0.01;
      const measured = (at(step) - at(-step)) / (2 * step);
      variable.assign(tf.tensor(start, variable.shape));
      // f32 losses of about 4 leave an error of about 1e-5 in the difference, the curvature one of about 1 % of the slope.
      expect(Math.abs(measured - slope)).toBeLessThan(0.03 * Math.abs(slope) + 1e-3);
    }
  });

  it('is read as it was written, under PEFT’s keys', async () => {
    const factors = await trainedFactors(parametrisation, sitesIn());
    await write(factors);
    const read = await readAdapterFolder(folder);
    const byName = (all: readonly FactorValues[]): Map<string, object> =>
      new Map(all.map(({ part, module, shape, data }) => [factorName(part, module), { shape, data }]));
    expect(byName(read.factors)).toEqual(byName(factors));
    expect([...read.modules].sort()).toEqual([...modules].sort());
    const { tensors } = await SafetensorsFile.open(join(folder, 'adapter_model.safetensors'));
    const [first = ''] = modules;
    const own = [...tensors.keys()].filter((key) => key.includes(`${first}.`) || !key.includes('.model.'));
    expect(own.sort()).toEqual([...fixture.keys].sort());
    const again = await newFolder();
    await writeAdapterFolder(again, { ...read, settings: { ...read.settings, targetModules: [] } });
    for (const file of ['adapter_config.json', 'adapter_model.safetensors'])
      expect(await readFile(join(again, file))).toEqual(await readFile(join(folder, file)));
    await rm(again, { recursive: true });
  });

  it.each(fixture.golden)('gives the logits of PEFT: %s', async (name) => {
    const all = await goldenTexts();
    const path = golden(`adapters/${name}`);
    const files = await readAdapterFolder(path);
    const { applied } = placeAdapter(files, network);
    const expected = await (
      await SafetensorsFile.open(join(path, 'logits.safetensors'))
    ).read('logits', 'f32');
    const own = logitsOf(network, all, { adapters: [applied] });
    const apart = own.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
    expect(apart).toBeLessThan(1e-5);
  });

  it('drops out by site and step alone, and only while training', async () => {
    const factors = await trainedFactors(parametrisation, sitesIn());
    const dropping = parametrisation.withDropout?.(0.5);
    if (dropping === undefined) return;
    const { applied } = placeAdapter({ parametrisation: dropping, modules, factors }, network);
    const at = (step: number): Float32Array =>
      logitsOf(network, texts, {
        adapters: [applied],
        training: { key: (site) => streamKey(2n, step, site) },
      });
    expect(at(1)).toEqual(at(1));
    expect(distance(at(1), at(2))).toBeGreaterThan(1e-5);
    const none = parametrisation.withDropout?.(0) ?? parametrisation;
    const plain = placeAdapter({ parametrisation: none, modules, factors }, network);
    expect(logitsOf(network, texts, { adapters: [applied] })).toEqual(
      logitsOf(network, texts, { adapters: [plain.applied] }),
    );
  });
});

it('lists every kind with what it does', () => {
  expect(ADAPTERS.methods.map(({ id }) => id)).toEqual(KINDS);
  for (const { summary, paper } of ADAPTERS.methods) expect([summary, paper]).not.toContain('');
});
