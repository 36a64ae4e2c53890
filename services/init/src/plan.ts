import { ADAPTERS, openModelRef, type Parametrisation, type Site } from '@eigenloom/adapters';
import { opening, scalingOf } from '@eigenloom/checkpoint';
import { adapters, type MethodInfo, type init } from '@eigenloom/contracts';
import { checkDataRef, checkDataset } from '@eigenloom/datasets';
import { invalidInput } from '@eigenloom/errors';
import type { RequestContext } from '@eigenloom/runtime';
import { findSites } from './find-sites.js';
import { findTargets } from './find-targets.js';
import { STARTS } from './methods/index.js';
import type { PairSettings, Start, StartInput } from './start.js';

/** What a request asks for, with the model open and every module found. */
export interface InitPlan extends StartInput {
  readonly method: MethodInfo;
  readonly start: Start;
  readonly adapter: MethodInfo;
  readonly parametrisation: Parametrisation;
  /** Modules that get tensors of the adapter. */
  readonly sites: readonly Site[];
}

/** Opens what a request names and finds its modules. Reads headers only. */
export async function planInit(request: init.InitAdapterRequest, context: RequestContext): Promise<InitPlan> {
  const { info, method: start } = STARTS.create(request.start?.kind ?? { $case: 'default', value: {} });
  const chosen = request.adapter?.kind ?? { $case: 'lora', value: adapters.Lora.fromPartial({}) };
  const { info: adapter, method: parametrisation } = ADAPTERS.create(chosen);
  requirePair(start, info, parametrisation, adapter);
  const settings = settingsOf(parametrisation, request.seed);
  if (request.model === undefined) throw invalidInput('FIELD_MISSING', 'model', 'which model is adapted?');
  const opened = await openModelRef(request.model, 'model', context);
  const { model, path: modelPath, adapters: adapterPaths } = opened;
  const isLinear = parametrisation.at.every((kind) => kind === 'linear');
  const targets = isLinear ? findTargets(model, request, settings.rank, adapter.id) : [];
  const sites = isLinear
    ? targets.map((target, index) => linearSite(target, index))
    : await opening(opened.places.model, () => findSites(model, request, parametrisation, adapter.id));
  const dataPaths = await dataPathsOf(start, context);
  const values = parametrisation
    .tensors(sites)
    .reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
  const input = { model, modelPath, adapterPaths, targets, settings, values, dataPaths };
  await opening(opened.places.model, async () => start.check?.(input));
  return { ...input, method: info, start, adapter, parametrisation, sites };
}

const linearSite = (
  { path, rows, columns }: StartInput['targets'][number],
  index: number,
): Site<'linear'> => ({ kind: 'linear', path, name: path, index, in: columns, out: rows, bias: false });

/** Errors: `START_DOES_NOT_FIT`. */
function requirePair(
  { fillsPairs }: Start,
  start: MethodInfo,
  { pair }: Parametrisation,
  adapter: MethodInfo,
): void {
  if (!fillsPairs || pair !== undefined) return;
  const why = `${start.id} starts a low-rank pair, and ${adapter.id} has none; leave start out`;
  throw invalidInput('START_DOES_NOT_FIT', start.id, why);
}

/** Of a kind without a pair, one that no start looks at. */
function settingsOf({ pair }: Parametrisation, seed: bigint): PairSettings {
  const { rank, alpha, rankStabilized } = pair ?? { rank: 0, alpha: 0, rankStabilized: false };
  return { rank, alpha, rankStabilized, scaling: scalingOf(alpha, rank, rankStabilized), seed };
}

async function dataPathsOf({ data }: Start, context: RequestContext): Promise<ReadonlyMap<string, string>> {
  const paths = new Map<string, string>();
  for (const { field, ref } of data) {
    checkDataRef(ref, field);
    const { uri, ...fields } = ref;
    const path = await context.resolve(uri, `${field}.uri`);
    await opening({ field: `${field}.uri`, uri }, () =>
      checkDataset(path, { ...fields, signal: context.signal }),
    );
    paths.set(field, path);
  }
  return paths;
}

/** In order of path: what is written does not depend on what was done first. */
export const inOrder = <T>(byPath: ReadonlyMap<string, T>): ReadonlyMap<string, T> =>
  new Map([...byPath].sort(([x], [y]) => (x < y ? -1 : 1)));
