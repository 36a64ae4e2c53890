import {
  type JsonObject,
  type OpenedPeft,
  type PeftFormat,
  type SavedTensor,
  openPeft,
} from '@eigenloom/checkpoint';
import type { OpenFileOptions } from '@eigenloom/numeric';

import type { AdapterFiles } from './definition.js';
import type { FactorValues, Parametrisation } from './parametrisation.js';

/** Reads a folder in a format; `make` gives the parametrisation of its config and of the shapes in its file. */
export const readFiles =
  (format: PeftFormat, make: (config: JsonObject, factors: OpenedPeft['factors']) => Parametrisation) =>
  async (directory: string, options: OpenFileOptions): Promise<AdapterFiles> => {
    const { file, settings, ...opened } = await openPeft(directory, format, options);
    const parametrisation = make(settings.raw, opened.factors);
    const factors: FactorValues[] = [];
    for (const { name, module, key, shape } of opened.factors)
      factors.push({ part: name, module, shape, data: await file.read(key, 'f32', options) });
    const savedTensors = new Map<string, SavedTensor>();
    for (const [name, { key, shape }] of opened.savedTensors)
      savedTensors.set(name, { shape, data: await file.read(key, 'f32', options) });
    const modules = [...new Set(factors.map(({ module }) => module))].filter((module) => module !== null);
    return { parametrisation, modules, factors, savedTensors, settings, file, opened };
  };
