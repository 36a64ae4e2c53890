import { openModelRef } from '@eigenloom/adapters';
import { type Model, opening } from '@eigenloom/checkpoint';
import type { common, init } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';
import {
  type NetworkPlan,
  checkDataset,
  checkTextFits,
  linearGroups,
  loadTokenizer,
  planNetwork,
} from '@eigenloom/models';
import type { CallOptions } from '@eigenloom/numeric';
import type { RequestContext } from '@eigenloom/runtime';
import { findTargets } from './find-targets.js';
import { type EvaSettings, evaSettings } from './methods/eva.js';
import { METHODS, METHOD_OF } from './methods/index.js';
import type { LayerMethod, MethodCase, Pair, PairSettings, ParametersOf, Target } from './methods/method.js';

/** A method with its parameters. */
export type Start =
  | {
      readonly scope: 'layer';
      readonly needsWeight: boolean;
      operations(target: Target, rank: number): number;
      start(
        target: Target,
        weight: Float64Array,
        settings: PairSettings,
        options: CallOptions,
      ): Promise<Pair>;
    }
  | {
      readonly scope: 'activations';
      readonly data: common.DatasetRef;
      readonly dataPath: string;
      readonly settings: EvaSettings;
    };

/** What a request asks for, with the model open and every target found. */
export interface InitPlan {
  readonly id: MethodCase;
  readonly paper: string;
  readonly changesBase: boolean;
  readonly start: Start;
  readonly model: Model;
  readonly modelPath: string;
  readonly adapterPaths: readonly string[];
  readonly targets: readonly Target[];
  readonly settings: PairSettings;
}

/** Opens what a request names and finds its targets. Reads headers only. */
export async function planInit(request: init.InitAdapterRequest, context: RequestContext): Promise<InitPlan> {
  const method = checkedMethod(request);
  const settings = pairSettings(request);
  if (request.model === undefined) throw invalidInput('FIELD_MISSING', 'model', 'which model is adapted?');
  const opened = await openModelRef(request.model, 'model', context);
  const { model, path: modelPath, adapters: adapterPaths } = opened;
  const targets = findTargets(model, request, settings.rank);
  const start = await startOf(request, context);
  if (start.scope === 'activations') {
    const network = await opening(opened.places.model, () => planNetwork(model));
    checkActivations(network, targets, start.settings);
    await opening(opened.places.model, () => loadTokenizer(modelPath));
  }
  const { id, paper, changesBase } = method;
  return { id, paper, changesBase, start, model, modelPath, adapterPaths, targets, settings };
}

function checkedMethod({ method }: init.InitAdapterRequest): (typeof METHOD_OF)[MethodCase] {
  switch (method?.$case) {
    case undefined:
      throw methodMissing();
    case 'default':
      METHOD_OF.default.check(method.value);
      break;
    case 'pissa':
      METHOD_OF.pissa.check(method.value);
      break;
    case 'eva':
      METHOD_OF.eva.check(method.value);
  }
  return METHOD_OF[method.$case];
}

const methodMissing = (): Error =>
  invalidInput('METHOD_MISSING', 'method', `choose ${METHODS.map(({ id }) => id).join(', ')}`);

/** Without a branch for each method of the contract neither this nor `checkedMethod` compiles. */
async function startOf({ method }: init.InitAdapterRequest, context: RequestContext): Promise<Start> {
  switch (method?.$case) {
    case 'pissa':
      return bound(METHOD_OF.pissa, method.value);
    case 'eva': {
      const data = method.value.data ?? { uri: '', textField: '', labelField: '', limit: 0 };
      const dataPath = await context.resolve(data.uri, 'eva.data.uri');
      const { textField, limit } = data;
      await opening({ field: 'eva.data.uri', uri: data.uri }, () =>
        checkDataset(dataPath, {
          ...(textField === '' ? {} : { textField }),
          limit,
          signal: context.signal,
        }),
      );
      return { scope: 'activations', data, dataPath, settings: evaSettings(method.value) };
    }
    case 'default':
      return bound(METHOD_OF.default, method.value);
    case undefined:
      throw methodMissing();
  }
}

function bound<K extends MethodCase>(method: LayerMethod<K>, parameters: ParametersOf<K>): Start {
  return {
    scope: 'layer',
    needsWeight: method.needsWeight,
    operations: (target, rank) => method.operations(target, rank, parameters),
    start: (target, weight, settings, options) => method.start(target, weight, settings, parameters, options),
  };
}

function pairSettings({ rank, alpha, rankStabilized, seed }: init.InitAdapterRequest): PairSettings {
  if (rank < 1) throw invalidInput('OUT_OF_RANGE', 'rank', `${rank} is below 1`);
  if (!Number.isFinite(alpha) || alpha < 0) {
    throw invalidInput('OUT_OF_RANGE', 'alpha', `${alpha} is not a positive number`);
  }
  const scale = alpha === 0 ? rank : alpha;
  return {
    rank,
    alpha: scale,
    scaling: scale / (rankStabilized ? Math.sqrt(rank) : rank),
    rankStabilized,
    seed,
  };
}

/** Whether the model can be run and every target has an input in its layers. */
function checkActivations(
  network: NetworkPlan,
  targets: readonly Target[],
  { maxLength, isDefaultLength: isDefault }: EvaSettings,
): void {
  const linear = new Set(linearGroups(network).flatMap(({ modules }) => modules));
  for (const { path } of targets) {
    if (!linear.has(path)) {
      throw invalidInput(
        'TARGET_NOT_LINEAR',
        'target_modules',
        `${JSON.stringify(path)} is not a linear module of the layers`,
      );
    }
  }
  checkTextFits({ field: 'eva.max_length', maxLength, isDefault }, network.config.maxPositions);
}
