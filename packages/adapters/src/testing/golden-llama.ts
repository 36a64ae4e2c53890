import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { tf } from '@eigenloom/engine';
import {
  type ForwardOptions,
  type Network,
  loadNetwork,
  makeBatch,
  randomNormals,
  streamKey,
} from '@eigenloom/models';
import { SafetensorsFile } from '@eigenloom/numeric';

import { openModel } from '../open-model.js';
import type { FactorValues, Parametrisation, Site } from '../parametrisation.js';

const GOLDEN = join(__dirname, '..', '..', '..', '..', 'tests', 'golden', 'peft');
/** Path of a file of tests/golden/peft. */
export const golden = (path: string): string => join(GOLDEN, path);

export const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'eigenloom-adapters-'));

/** The small Llama that PEFT's numbers are of. */
export const goldenLlama = async (adapters: readonly string[] = []): Promise<Network> =>
  loadNetwork(await openModel(golden('base'), { adapters }));

/** Texts of tests/golden/peft: 8 of 32 tokens. */
export async function goldenTexts(): Promise<Int32Array[]> {
  const ids = await (await SafetensorsFile.open(golden('batch.safetensors'))).read('input_ids', 'f64');
  return Array.from({ length: 8 }, (_, row) => Int32Array.from(ids.subarray(32 * row, 32 * (row + 1))));
}

/** Scores of the next token of all texts. */
export function logitsOf(
  network: Network,
  texts: readonly Int32Array[],
  options: ForwardOptions = {},
): Float32Array {
  return tf.tidy(() => network.languageLogits(makeBatch(texts, 0), options).dataSync<'float32'>().slice());
}

/** Values as training might leave them: none is zero, and B·A is about as large as a change of a weight is. */
export const trainedFactors = (
  parametrisation: Pick<Parametrisation, 'tensors'>,
  sites: readonly Site[],
): Promise<FactorValues[]> =>
  Promise.all(
    parametrisation.tensors(sites).map(async ({ part, module, shape, trained, start }) => {
      const data = await start(7n);
      const noise = randomNormals(streamKey(3n, part, module ?? ''), data.length, 0.1);
      return { part, module, shape, data: trained ? data.map((value, i) => value + (noise[i] ?? 0)) : data };
    }),
  );

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
