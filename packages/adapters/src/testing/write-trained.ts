import { mkdir } from 'node:fs/promises';

import { isTargeted, storesTransposed, transpose } from '@eigenloom/checkpoint';
import { planNetwork } from '@eigenloom/models';

import { writeAdapterFolder } from '../adapter-folder.js';
import type { AdapterChoice } from '../choice.js';
import { siteOf } from '../fold-kind.js';
import { openModel } from '../open-model.js';
import type { Site } from '../parametrisation.js';
import { ADAPTERS } from '../registry.js';
import { sitesOf } from '../sites.js';
import { trainedValues } from './factor-values.js';
import { choiceOf, FIXTURES } from './fixtures.js';

/** What a trained adapter is written for. */
export interface TrainedFor {
  /** Path of the model. */
  readonly model: string;
  /** Linear modules and norms of it. Default: those of the kind's fixture. */
  readonly modules?: readonly string[];
  readonly seed?: bigint | undefined;
  /** The config's word on weights stored (in, out). */
  readonly fanInFanOut?: boolean;
}

/** Writes an adapter of a kind as training might leave it, for a model whose family need not be known. Returns the folder. */
export async function writeTrained(
  folder: string,
  kind: AdapterChoice['$case'],
  { model: path, modules = FIXTURES[kind].modules, seed, fanInFanOut = false }: TrainedFor,
): Promise<string> {
  const { method } = ADAPTERS.create(choiceOf(kind));
  const model = await openModel(path);
  const turned = (name: string): boolean => fanInFanOut || storesTransposed(model.config, name) === true;
  const stored = (name: string): readonly number[] => model.tensors.get(`${name}.weight`)?.shape ?? [];
  const sites: readonly Site[] = isTargeted(method.format)
    ? modules.map((name, index) => {
        const shape = turned(name) ? stored(name).toReversed() : stored(name);
        return { ...siteOf(shape.length === 1 ? 'norm' : 'linear', name, shape), index };
      })
    : sitesOf(method, planNetwork(model).modules, modules);
  const weight = async (name: string): Promise<Float64Array> => {
    const values = await model.read(`${name}.weight`, 'f64');
    const [rows = 0, columns = 0] = stored(name);
    return turned(name) ? transpose(values, rows, columns) : values;
  };
  await mkdir(folder, { recursive: true });
  await writeAdapterFolder(folder, {
    parametrisation: method,
    modules,
    factors: await trainedValues(method, sites, weight, seed),
    savedTensors: new Map(),
    settings: { targetModules: [...modules], modulesToSave: [], taskType: '', baseModel: '', fanInFanOut },
  });
  return folder;
}
