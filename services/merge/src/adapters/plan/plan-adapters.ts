import {
  type OpenedAdapter,
  changesBase,
  needsConversion,
  openAdapter,
  opening,
  plainTargets,
} from '@eigenloom/checkpoint';
import type { common, merge } from '@eigenloom/contracts';
import { incompatible, invalidInput } from '@eigenloom/errors';
import type { RequestContext } from '@eigenloom/runtime';

import { checkInputs } from '../../plan/check-inputs.js';
import { checkAdapterOutput } from './check-output.js';
import { planInventory } from './plan-inventory.js';
import { planLabels } from './plan-labels.js';
import { type ChosenAdapterMethod, planModules } from './plan-modules.js';
import { planSaved } from './plan-saved.js';
import type { AdapterInput, AdapterMergePlan } from './planned.js';

/**
 * Plans a merge of adapters; headers are read. Errors: InvalidInput with the field; `ADAPTERS_DIFFER`, `ADAPTER_NEEDS_CONVERSION`,
 * `SAVED_TENSORS_CONFLICT`, `LABELS_DIFFER`; those of the files.
 */
export async function planAdapters(
  request: merge.MergeRequest,
  { method, others }: ChosenAdapterMethod,
  context: RequestContext,
): Promise<AdapterMergePlan> {
  checkInputs(request, method);
  checkAdapterOutput(request);
  refuseModelFields(request);
  const inventory = await planInventory(request, method, context);
  if (inventory !== undefined) return inventory;
  const inputs: AdapterInput[] = [];
  for (const [index, { model }] of request.models.entries()) {
    inputs.push(await openInput(model, index, context));
  }
  checkAlike(inputs);
  const modules = planModules(inputs, request.models, { method, others });
  const shares = method.savedWeights(inputs.length);
  return {
    method,
    seed: request.seed,
    inputs,
    modules,
    saved: planSaved(inputs, shares),
    labelsFile: await planLabels(inputs),
    shares,
    settings: settingsOf(inputs.map(({ adapter }) => adapter)),
    notes: notesOf(inputs),
  };
}

/** What a request may say of models and this merge would ignore. */
function refuseModelFields({ base, models }: merge.MergeRequest): void {
  if (base !== undefined) {
    throw invalidInput('NOT_APPLICABLE', 'base', 'the result is an adapter and has no base');
  }
  const folded = models.findIndex(({ model }) => (model?.adapters.length ?? 0) > 0);
  if (folded >= 0) {
    throw invalidInput(
      'NOT_APPLICABLE',
      `models[${folded}].model.adapters`,
      'the uri itself is the adapter that is merged',
    );
  }
}

async function openInput(
  ref: common.ModelRef | undefined,
  index: number,
  context: RequestContext,
): Promise<AdapterInput> {
  const label = `models[${index}]`;
  if (ref === undefined) throw invalidInput('FIELD_MISSING', `${label}.model`, 'which adapter?');
  const field = `${label}.model.uri`;
  const role = `models/${index}`;
  const path = await context.resolve(ref.uri, field);
  const { signal } = context;
  const adapter = await opening({ field, uri: ref.uri }, () => openAdapter(path, { signal }));
  const init = adapter.settings.initLoraWeights;
  if (typeof init === 'string' && changesBase(init)) {
    throw incompatible('ADAPTER_NEEDS_CONVERSION', `${label}: ${needsConversion(init)}`);
  }
  const files = [`${adapter.directory}/adapter_config.json`, adapter.file.path];
  const read = { label, role, fields: new Map([[field, role]]), files, adapters: [], ignored: [] };
  return { ...read, adapter, file: adapter.file };
}

/** What the config says once for all modules must be the same in all. */
const ALIKE = [
  ['taskType', 'task_type', 'only adapters for one task are merged'],
  [
    'fanInFanOut',
    'fan_in_fan_out',
    'set what holds for the base in both: true for GPT-2 and its kin, else false',
  ],
] as const;

function checkAlike(inputs: readonly AdapterInput[]): void {
  const [first, ...others] = inputs;
  if (first === undefined) return;
  for (const { adapter, label } of others) {
    for (const [setting, key, advice] of ALIKE) {
      const [x, y] = [first.adapter.settings[setting], adapter.settings[setting]];
      if (x === y || x === '' || y === '') continue;
      throw incompatible(
        'ADAPTERS_DIFFER',
        `${key} is ${JSON.stringify(x)} in ${first.label} and ${JSON.stringify(y)} in ${label}; ${advice}`,
      );
    }
  }
}

/** Plain LoRA with the scale in the pairs; the rest as in the first adapter that says it. */
function settingsOf(adapters: readonly OpenedAdapter[]): AdapterMergePlan['settings'] {
  const settings = adapters.map((adapter) => adapter.settings);
  const bases = new Set(settings.map(({ baseModel }) => baseModel));
  return {
    rankStabilized: false,
    targetModules: targetsOf(adapters),
    modulesToSave: [...new Set(settings.flatMap(({ modulesToSave }) => modulesToSave))],
    fanInFanOut: settings[0]?.fanInFanOut ?? false,
    dropout: 0,
    taskType: settings.find(({ taskType }) => taskType !== '')?.taskType ?? '',
    baseModel: bases.size === 1 ? (settings[0]?.baseModel ?? '') : '',
    initLoraWeights: true,
  };
}

/** The names of the adapters where all agree on them and on the modules that they mean, else the paths of the modules. */
function targetsOf(adapters: readonly OpenedAdapter[]): readonly string[] {
  const said = ({ settings, modules }: OpenedAdapter): string =>
    JSON.stringify([[...settings.targetModules].sort(), [...modules.keys()]]);
  const [first, ...others] = adapters;
  if (
    first !== undefined &&
    adapters.every(({ settings }) => plainTargets(settings).length > 0) &&
    others.every((other) => said(other) === said(first))
  ) {
    return first.settings.targetModules;
  }
  return [...new Set(adapters.flatMap(({ modules }) => [...modules.keys()]))].sort();
}

function notesOf(inputs: readonly AdapterInput[]): string[] {
  const bases = new Set(
    inputs.map(({ adapter }) => adapter.settings.baseModel).filter((name) => name !== ''),
  );
  const own = inputs.flatMap(({ adapter, label }) =>
    [...adapter.ownTensors.keys()].map(
      (name) => `${label}: ${JSON.stringify(name)} is the base's own, and is left out`,
    ),
  );
  return [
    ...(bases.size > 1 ? ['The adapters name different base models, so the result names none'] : []),
    ...own,
  ];
}
