import { type Model, openModelRef, opening } from '@eigenloom/checkpoint';
import type { MethodInfo, adapters, init } from '@eigenloom/contracts';
import { checkDataRef, checkDataset } from '@eigenloom/datasets';
import { invalidInput } from '@eigenloom/errors';
import type { RequestContext } from '@eigenloom/runtime';
import { findTargets } from './find-targets.js';
import { STARTS } from './methods/index.js';
import type { PairSettings, Start, StartInput } from './start.js';

/** What a request asks for, with the model open and every target found. */
export interface InitPlan extends StartInput {
  readonly method: MethodInfo;
  readonly start: Start;
}

/** Opens what a request names and finds its targets. Reads headers only. */
export async function planInit(request: init.InitAdapterRequest, context: RequestContext): Promise<InitPlan> {
  const { info, method: start } = STARTS.create(request.start?.kind ?? { $case: 'default', value: {} });
  const settings = pairSettings(request.adapter, request.seed);
  if (request.model === undefined) throw invalidInput('FIELD_MISSING', 'model', 'which model is adapted?');
  const opened = await openModelRef(request.model, 'model', context);
  const { model, path: modelPath, adapters: adapterPaths } = opened;
  const targets = findTargets(model, request, settings.rank);
  const dataPaths = await dataPathsOf(start, context);
  const input = { model, modelPath, adapterPaths, targets, settings, dataPaths };
  await opening(opened.places.model, async () => start.check?.(input));
  return { ...input, method: info, start };
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

/** PEFT's. */
const DEFAULT_RANK = 8;

function pairSettings(adapter: adapters.Adapter | undefined, seed: bigint): PairSettings {
  const { rank = DEFAULT_RANK, alpha, rankStabilized = false, dropout = 0 } = adapter?.kind?.value ?? {};
  if (rank < 1) throw invalidInput('OUT_OF_RANGE', 'lora.rank', `${rank} is below 1`);
  const scale = alpha ?? rank;
  if (!(Number.isFinite(scale) && scale > 0)) {
    throw invalidInput('OUT_OF_RANGE', 'lora.alpha', `${scale} is not a positive number`);
  }
  if (!(dropout >= 0 && dropout < 1)) {
    throw invalidInput('OUT_OF_RANGE', 'lora.dropout', `${dropout} is not from 0 to below 1`);
  }
  const scaling = scale / (rankStabilized ? Math.sqrt(rank) : rank);
  return { rank, alpha: scale, scaling, rankStabilized, dropout, seed };
}

/** In order of path: what is written does not depend on what was done first. */
export const inOrder = <T>(byPath: ReadonlyMap<string, T>): ReadonlyMap<string, T> =>
  new Map([...byPath].sort(([x], [y]) => (x < y ? -1 : 1)));
