import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { tf } from '@eigenloom/engine';
import { type ForwardOptions, type Network, loadNetwork, makeBatch } from '@eigenloom/models';
import { SafetensorsFile } from '@eigenloom/numeric';

import { openModel } from '../open-model.js';
import type { FactorValues, Parametrisation, Site } from '../parametrisation.js';
import { startValues, trainedValues, type WeightOf } from './factor-values.js';

const GOLDEN = join(__dirname, '..', '..', '..', '..', 'tests', 'golden');
/** Path of a file of tests/golden/peft. */
export const golden = (path: string): string => join(GOLDEN, 'peft', path);

/** Small models: the Llama that PEFT's numbers are of, which has no biases, and a BERT. */
export const MODELS = {
  llama: golden('base'),
  bert: join(GOLDEN, 'models', 'tiny-bert-classifier'),
} as const;
export type ModelName = keyof typeof MODELS;

export const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'eigenloom-adapters-'));

export const loadModel = async (name: ModelName, adapters: readonly string[] = []): Promise<Network> =>
  loadNetwork(await openModel(MODELS[name], { adapters }));

/** Texts of tests/golden/peft: 8 of 32 tokens. */
export async function goldenTexts(): Promise<Int32Array[]> {
  const ids = await (await SafetensorsFile.open(golden('batch.safetensors'))).read('input_ids', 'f64');
  return Array.from({ length: 8 }, (_, row) => Int32Array.from(ids.subarray(32 * row, 32 * (row + 1))));
}

/** The last hidden states of two short texts, the second one shorter. */
export const statesOf = (
  network: Network,
  [first, second]: readonly Int32Array[],
  options: ForwardOptions = {},
): tf.Tensor2D =>
  network.encode(
    makeBatch([first?.subarray(0, 12) ?? [], second?.subarray(0, 7) ?? []], network.config.padTokenId),
    options,
  );

/** Their values. */
export const valuesOf = (
  network: Network,
  texts: readonly Int32Array[],
  options: ForwardOptions = {},
): Float32Array => tf.tidy(() => statesOf(network, texts, options).dataSync<'float32'>().slice());

type Tensors = Pick<Parametrisation, 'tensors'>;

/** Values as training might leave them: none is zero, and B·A is about as large as a change of a weight is. */
export const trainedFactors = (
  made: Tensors,
  sites: readonly Site[],
  network: Network,
): Promise<FactorValues[]> => trainedValues(made, sites, weightsOf(network));

/** Values as the parametrisation starts. */
export const startFactors = (
  made: Tensors,
  sites: readonly Site[],
  network: Network,
): Promise<FactorValues[]> => startValues(made, sites, weightsOf(network));

const weightsOf =
  ({ parameters }: Network): WeightOf =>
  async (module) =>
    Float64Array.from(await parameters.get(`${module}.weight`).data());

/** ‖x − y‖ / ‖y‖. */
export function distance(x: ArrayLike<number>, y: ArrayLike<number>): number {
  if (x.length !== y.length) throw new Error(`${x.length} and ${y.length} values`);
  let [difference, norm] = [0, 0];
  for (let i = 0; i < y.length; i += 1) {
    difference += ((x[i] ?? NaN) - (y[i] ?? NaN)) ** 2;
    norm += (y[i] ?? NaN) ** 2;
  }
  return Math.sqrt(difference / norm);
}
