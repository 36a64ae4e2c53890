import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { methodId } from '@eigenloom/contracts';
import { setBackend, tf } from '@eigenloom/engine';
import { type Network, makeBatch } from '@eigenloom/models';
import { SafetensorsFile, randomNormals, streamKey } from '@eigenloom/numeric';

import { readAdapterFolder, writeAdapterFolder } from './adapter-folder.js';
import type { AdapterChoice } from './choice.js';
import { byRule } from './fold-kind.js';
import { openModel } from './open-model.js';
import { type FactorValues, type Parametrisation, type Site, factorName } from './parametrisation.js';
import { type PlacedAdapter, placeAdapter } from './place-adapter.js';
import { ADAPTERS, DEFINITIONS } from './registry.js';
import { sitesOf } from './sites.js';
import { choiceOf, type Fixture, FIXTURES } from './testing/fixtures.js';
import {
  MODELS,
  distance,
  golden,
  goldenTexts,
  loadModel,
  newFolder,
  startFactors,
  statesOf,
  trainedFactors,
  valuesOf,
} from './testing/golden-models.js';

let folder: string;
let texts: Int32Array[];
beforeAll(async () => {
  await setBackend('cpu');
  texts = (await goldenTexts()).slice(0, 2);
});
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rm(folder, { recursive: true }));

/** What PEFT computed: [texts, 32, 64]. */
async function openLogits(path: string): Promise<{ file: SafetensorsFile; shape: readonly number[] }> {
  const file = await SafetensorsFile.open(join(path, 'logits.safetensors'));
  return { file, shape: file.tensors.get('logits')!.shape };
}

const KINDS = Object.keys(FIXTURES) as AdapterChoice['$case'][];

describe.each(KINDS)('%s', (kind) => {
  const { model, modules, keys, golden: folders, otherGradient = [] }: Fixture = FIXTURES[kind];
  const parametrisation: Parametrisation = ADAPTERS.create(choiceOf(kind)).method;
  let network: Network;
  let sites: readonly Site[];
  beforeEach(async () => {
    network = await loadModel(model);
    sites = sitesOf(parametrisation, network.modules, modules);
  });
  afterEach(() => {
    network.dispose();
  });
  const place = (factors: readonly FactorValues[], as = parametrisation): PlacedAdapter =>
    placeAdapter({ parametrisation: as, modules, factors }, network);
  const write = async (factors: readonly FactorValues[]): Promise<void> => {
    const settings = {
      targetModules: [],
      modulesToSave: [],
      taskType: '',
      baseModel: '',
      fanInFanOut: false,
    };
    await writeAdapterFolder(folder, {
      parametrisation,
      modules,
      factors,
      savedTensors: new Map(),
      settings,
    });
  };

  it('starts by the seed, and changes nothing where it says so', async () => {
    const factors = await startFactors(parametrisation, sites, network);
    expect(await startFactors(parametrisation, sites, network)).toEqual(factors);
    const plain = valuesOf(network, texts);
    const apart = distance(valuesOf(network, texts, { adapters: [place(factors).applied] }), plain);
    if (parametrisation.neutral) expect(apart).toBeLessThan(1e-6);
    else expect(apart).toBeGreaterThan(1e-4);
  });

  // Sums run in f32 in another order; the folded weights are rounded to f32 once.
  it('computes what its fold computes, and openModel folds the same', async () => {
    const factors = await trainedFactors(parametrisation, sites, network);
    const adapted = valuesOf(network, texts, { adapters: [place(factors).applied] });
    expect(distance(adapted, valuesOf(network, texts))).toBeGreaterThan(1e-3);
    if (parametrisation.fold === undefined) return;
    await write(factors);
    const byFolder = await loadModel(model, [folder]);
    expect(distance(valuesOf(byFolder, texts), adapted)).toBeLessThan(1e-5);
    byFolder.dispose();
    const target = await openModel(MODELS[model]);
    const { folds } = await byRule(DEFINITIONS[kind]).fold(folder, target, {});
    const whole = await openModel(MODELS[model], { adapters: [folder] });
    expect(folds.size).toBeGreaterThan(0);
    for (const [name, fold] of folds) {
      if (!('apply' in fold)) throw new Error(`${name} is not folded by the rule`);
      const folded = await fold.apply(await target.read(name, 'f64'), {});
      expect(distance(folded, await whole.read(name, 'f64'))).toBeLessThan(1e-14);
    }
  });

  it('has the gradient that differences give', async () => {
    const { applied, trained } = place(await trainedFactors(parametrisation, sites, network));
    const loss = (): tf.Scalar => {
      const states = statesOf(network, texts, { adapters: [applied] });
      const weights = randomNormals(streamKey(4n), states.size, 1);
      return tf.mean(tf.mul(states, tf.tensor2d(weights, states.shape)));
    };
    const { grads } = tf.variableGrads(loss, [...trained.values()]);
    for (const [name, variable] of trained) {
      if (otherGradient.includes(name.replace(/\/.*/, ''))) continue;
      const along = randomNormals(streamKey(1n, name), variable.size, 1);
      const slope = grads[variable.name]!.dataSync<'float32'>().reduce((sum, g, i) => sum + g * along[i]!, 0);
      const start = variable.dataSync<'float32'>().slice();
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
      // The curvature leaves an error of about 1 % of the slope, f32 one of about 1e-5.
      expect(Math.abs(measured - slope)).toBeLessThan(0.03 * Math.abs(slope) + 1e-4);
    }
  });

  it('is read as it was written, under PEFT’s keys', async () => {
    const factors = await trainedFactors(parametrisation, sites, network);
    await write(factors);
    const read = await readAdapterFolder(folder);
    const byName = (all: readonly FactorValues[]): Map<string, object> =>
      new Map(all.map(({ part, module, shape, data }) => [factorName(part, module), { shape, data }]));
    expect(byName(read.factors)).toEqual(byName(factors));
    expect([...read.modules].sort()).toEqual([...modules].sort());
    const { tensors } = await SafetensorsFile.open(join(folder, 'adapter_model.safetensors'));
    const [first = ''] = modules;
    const own = [...tensors.keys()].filter((key) => key.includes(`${first}.`) || !key.includes('.model.'));
    expect(own.sort()).toEqual([...keys].sort());
    const again = await newFolder();
    await writeAdapterFolder(again, { ...read, settings: { ...read.settings, targetModules: [] } });
    for (const file of ['adapter_config.json', 'adapter_model.safetensors'])
      expect(await readFile(join(again, file))).toEqual(await readFile(join(folder, file)));
    await rm(again, { recursive: true });
  });

  it('gives the logits of PEFT', async () => {
    const llama = await loadModel('llama');
    for (const name of folders) {
      const path = golden(`adapters/${name}`);
      const { applied } = placeAdapter(await readAdapterFolder(path), llama);
      const { file, shape } = await openLogits(path);
      const expected = await file.read('logits', 'f32');
      const batch = makeBatch((await goldenTexts()).slice(0, shape[0]), 0);
      const own = tf.tidy(() => llama.languageLogits(batch, { adapters: [applied] }).dataSync<'float32'>());
      const apart = own.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
      expect(apart).toBeLessThan(1e-5);
    }
    llama.dispose();
  });

  it('drops out by site and step alone, and only while training', async () => {
    const factors = await trainedFactors(parametrisation, sites, network);
    const dropping = parametrisation.withDropout?.(0.5);
    if (dropping === undefined) return;
    const { applied } = place(factors, dropping);
    const at = (step: number): Float32Array =>
      valuesOf(network, texts, {
        adapters: [applied],
        training: { key: (site) => streamKey(2n, step, site) },
      });
    expect(at(1)).toEqual(at(1));
    expect(distance(at(1), at(2))).toBeGreaterThan(1e-5);
    const plain = place(factors, parametrisation.withDropout?.(0));
    expect(valuesOf(network, texts, { adapters: [applied] })).toEqual(
      valuesOf(network, texts, { adapters: [plain.applied] }),
    );
  });
});

it('lists every kind with what it does', () => {
  expect(ADAPTERS.methods.map(({ id }) => id)).toEqual(KINDS.map(methodId));
  for (const { summary, paper } of ADAPTERS.methods) expect([summary, paper]).not.toContain('');
});
