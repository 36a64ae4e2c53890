import { type OpenedPoly, openPoly, opening } from '@eigenloom/checkpoint';
import type { merge } from '@eigenloom/contracts';
import type { RequestContext } from '@eigenloom/runtime';

import type { AdapterMethod } from '../steps/adapter-method.js';
import type { AdapterMergePlan, PlannedModule, ReadAdapter } from './planned.js';

/**
 * Plans the average of one Polytropon adapter, whose skills are the members; undefined for any other request. Errors: those of the
 * files.
 */
export async function planInventory(
  request: merge.MergeRequest,
  method: AdapterMethod,
  context: RequestContext,
): Promise<AdapterMergePlan | undefined> {
  const [only, ...others] = request.models;
  if (method.id !== 'adapter_average' || only?.model === undefined || others.length > 0) return undefined;
  const field = 'models[0].model.uri';
  const { uri } = only.model;
  const path = await context.resolve(uri, field);
  const poly = await opening({ field, uri }, () => openPoly(path, { signal: context.signal }));
  if (poly === undefined) return undefined;
  const { settings, file, directory } = poly;
  const role = 'models/0';
  const input: ReadAdapter = {
    file,
    label: 'models[0]',
    role,
    fields: new Map([[field, role]]),
    files: [`${directory}/adapter_config.json`, file.path],
    adapters: [],
    ignored: [],
  };
  const saved = [...poly.savedTensors].map(([name, { key, shape }]) => {
    const source = { file, name: key, pairs: [] };
    return [name, { shape, sources: [{ source, weight: 1 }] }] as const;
  });
  const { targetModules, modulesToSave, taskType, baseModel } = settings;
  return {
    method,
    seed: request.seed,
    inputs: [input],
    modules: modulesOf(poly, input),
    saved: new Map(saved),
    settings: {
      rankStabilized: false,
      targetModules,
      modulesToSave,
      fanInFanOut: false,
      dropout: 0,
      taskType,
      baseModel,
      initLoraWeights: true,
    },
    shares: method.savedWeights(settings.skills),
    notes: [],
  };
}

function modulesOf({ settings, modules }: OpenedPoly, input: ReadAdapter): PlannedModule[] {
  const { rank, skills, splits } = settings;
  const members = Array.from({ length: skills }, () => ({
    weight: 1,
    density: undefined,
    scaling: 1 / rank,
    rank,
  }));
  return [...modules].map(([path, module]) => ({
    module: path,
    rows: module.rows,
    columns: module.columns,
    members,
    source: { kind: 'inventory', input, module, splits },
    kind: 'linear',
    aTail: [module.columns],
    bTail: [],
    rank,
  }));
}
