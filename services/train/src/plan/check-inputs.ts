import { changesBase, findTensor, openModel, readAdapter, type Model } from '@eigenloom/checkpoint';
import { aboutField, invalidInput } from '@eigenloom/errors';
import {
  checkDataset,
  loadTokenizer,
  planNetwork,
  requireHeadFits,
  rowsOfLabels,
  type NetworkPlan,
} from '@eigenloom/models';
import { chooseClasses, type ChosenClasses, todoOf } from './choose-classes.js';
import { chosenHead } from './chosen-head.js';
import { storedHead } from './stored-head.js';
import type { DataPlan, TrainPlan } from './train-plan.js';

/** What a plan is about, opened but not read. */
export interface CheckedInputs {
  readonly model: Model;
  readonly network: NetworkPlan;
}

/** Everything that can be known without reading weights or all the data. Errors name the field. */
export async function checkInputs(plan: TrainPlan, signal: AbortSignal): Promise<CheckedInputs> {
  const model = await aboutField('model.uri', () =>
    openModel(plan.modelPath, { adapters: plan.foldedAdapterPaths, signal }),
  );
  const network = await aboutField('model.uri', () => planNetwork(model));
  const head = chosenHead(plan, network);
  if (head !== null)
    await aboutField('sequence_classification.pooling', () => {
      requireHeadFits(network, head, model.tensors);
    });
  if (head === null && network.architecture.languageHead === undefined) {
    throw invalidInput(
      'NO_LANGUAGE_HEAD',
      'causal_language_modeling',
      `the ${network.architecture.family} family has no causal language model`,
    );
  }
  if (plan.maxLength > network.config.maxPositions) {
    throw invalidInput(
      'OUT_OF_RANGE',
      'max_length',
      `the model has ${network.config.maxPositions} positions`,
    );
  }
  await aboutField('model.uri', () => loadTokenizer(plan.modelPath));
  await checkAdapter(plan, model, network, signal);
  const chosen = await chosenClasses(plan, model, network, signal);
  await checkData(plan.trainData, chosen, 'train_data', signal);
  if (plan.validationData !== null) await checkData(plan.validationData, chosen, 'validation_data', signal);
  return { model, network };
}

async function checkAdapter(
  plan: TrainPlan,
  model: Model,
  network: NetworkPlan,
  signal: AbortSignal,
): Promise<void> {
  const { method } = plan;
  if (method.kind !== 'lora') return;
  const adapter = await aboutField('lora.adapter_uri', () => readAdapter(method.adapterPath, { signal }));
  const groups = network.architecture.linearGroups(network.config, network.prefix);
  const linear = new Map(groups.flatMap((g) => g.modules).map((m) => [`${m}.weight`, `${m}.weight`]));
  for (const [path, pair] of adapter.modules) {
    const shape = model.tensors.get(findTensor(`${path}.weight`, linear) ?? '')?.shape;
    if (shape?.[1] === pair.aShape[1] && shape?.[0] === pair.bShape[0] && pair.kind === 'linear') continue;
    const why =
      shape === undefined
        ? 'is not a linear module of its layers'
        : `does not have shape [${shape.join(', ')}]`;
    throw invalidInput('ADAPTER_DOES_NOT_FIT', 'lora.adapter_uri', `does not fit the model: ${path} ${why}`);
  }
  const { initLoraWeights: init } = adapter.settings;
  if (method.residualPath === null) {
    if (typeof init === 'string' && changesBase(init)) {
      throw invalidInput(
        'RESIDUAL_MISSING',
        'lora.residual_uri',
        `an adapter started by ${init} needs its residual`,
      );
    }
    return;
  }
  const { residualPath } = method;
  const residual = await aboutField('lora.residual_uri', () => openModel(residualPath, { signal }));
  for (const [name, { shape }] of model.tensors) {
    if (residual.tensors.get(name)?.shape.join() === shape.join()) continue;
    throw invalidInput(
      'RESIDUAL_DOES_NOT_FIT',
      'lora.residual_uri',
      `has no tensor ${name} of the model's shape`,
    );
  }
}

/** Null for a language model. */
async function chosenClasses(
  plan: TrainPlan,
  model: Model,
  network: NetworkPlan,
  signal: AbortSignal,
): Promise<ChosenClasses | null> {
  const { objective } = plan;
  if (objective.kind !== 'sequence_classification') return null;
  const stored = await aboutField('sequence_classification.labels', () =>
    storedHead(plan, model, network, signal),
  );
  return chooseClasses(objective.labels, stored);
}

async function checkData(
  { path, textField, labelField, limit }: DataPlan,
  chosen: ChosenClasses | null,
  field: string,
  signal: AbortSignal,
): Promise<void> {
  const examples = await aboutField(`${field}.uri`, () =>
    checkDataset(path, { textField, labelField, limit, requireLabels: chosen !== null, signal }),
  );
  const classes = chosen?.classes;
  if (chosen === null || classes === undefined) return;
  await aboutField('sequence_classification.labels', () =>
    rowsOfLabels(classes, examples, field, todoOf(chosen)),
  );
}
