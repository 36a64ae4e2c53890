import { openModel } from '@eigenloom/adapters';
import {
  type Place,
  changesBase,
  findTensor,
  isStoredBuffer,
  opening,
  readAdapter,
  type LoadedAdapter,
  type Model,
} from '@eigenloom/checkpoint';
import type { train } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';
import { checkDataset } from '@eigenloom/datasets';
import {
  checkTextFits,
  headTensors,
  linearGroups,
  loadTokenizer,
  type NetworkPlan,
  planNetwork,
  requireHeadFits,
  rowsOfLabels,
  type TextTokenizer,
  tokenizeExamples,
} from '@eigenloom/models';
import { checkSteps } from './check-steps.js';
import { chooseClasses, type ChosenClasses, todoOf } from '@eigenloom/training';
import { chosenHead } from './chosen-head.js';
import { storedHead } from './stored-head.js';
import type { DataPlan, TrainPlan } from './train-plan.js';

const LABELS = 'sequence_classification.labels';

/** What a plan is about, opened but not read. */
export interface CheckedInputs {
  readonly model: Model;
  readonly network: NetworkPlan;
}

/** What errors show of a request: its URIs, for the paths of a plan may be those of a server. */
type Named = Pick<train.TrainRequest, 'model' | 'trainable' | 'trainData' | 'validationData' | 'batching'>;

/** Everything that can be known without reading weights or all the data. Errors name the field. */
export async function checkInputs(
  plan: TrainPlan,
  signal: AbortSignal,
  request?: Named,
): Promise<CheckedInputs> {
  checkSteps(plan.maxSteps);
  const { modelPath } = plan;
  const modelPlace: Place = placeOf('model.uri', request?.model?.uri);
  const model = await openModel(modelPath, {
    adapters: plan.foldedAdapterPaths,
    places: {
      model: modelPlace,
      adapters: plan.foldedAdapterPaths.map((_, index) =>
        placeOf(`model.adapters[${index}]`, request?.model?.adapters[index]),
      ),
    },
    signal,
  });
  const network = await opening(modelPlace, () => planNetwork(model));
  const head = chosenHead(plan, network);
  if (head !== null)
    await opening({ field: 'sequence_classification.pooling' }, () => {
      requireHeadFits(network, head, model.tensors);
    });
  if (head === null && network.family.heads.language_modeling === undefined) {
    throw invalidInput(
      'NO_LANGUAGE_HEAD',
      'causal_language_modeling',
      `the ${network.family.id} family has no causal language model`,
    );
  }
  const { maxLength } = plan;
  checkTextFits(
    {
      field: 'batching.max_length',
      maxLength,
      isDefault: request !== undefined && request.batching?.maxLength === undefined,
    },
    network.config.maxPositions,
  );
  const tokenizer = await opening(modelPlace, () => loadTokenizer(modelPath));
  await checkAdapter(plan, { model, network }, request, signal);
  const chosen = await chosenClasses(plan, model, network, signal);
  const read = { chosen, tokenizer, maxLength, signal };
  await checkData(plan.trainData, placeOf('train_data.uri', request?.trainData?.uri), read);
  if (plan.validationData !== null) {
    const place = placeOf('validation_data.uri', request?.validationData?.uri);
    await checkData(plan.validationData, place, read);
  }
  return { model, network };
}

async function checkAdapter(
  plan: TrainPlan,
  { model, network }: CheckedInputs,
  request: Named | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { method } = plan;
  if (method.kind !== 'lora') return;
  const { adapterPath } = method;
  const chosen = request?.trainable?.kind;
  const asked = chosen?.$case === 'adapter' ? chosen.value : undefined;
  const adapter = await opening(placeOf('adapter.uri', asked?.uri), () =>
    readAdapter(adapterPath, { signal }),
  );
  const linear = new Map(
    linearGroups(network)
      .flatMap((g) => g.modules)
      .map((m) => [`${m}.weight`, `${m}.weight`]),
  );
  for (const [path, pair] of adapter.modules) {
    const shape = model.tensors.get(findTensor(`${path}.weight`, linear) ?? '')?.shape;
    if (shape?.[1] === pair.aShape[1] && shape?.[0] === pair.bShape[0] && pair.kind === 'linear') continue;
    const why =
      shape === undefined
        ? 'is not a linear module of its layers'
        : `does not have shape [${shape.join(', ')}]`;
    throw invalidInput('ADAPTER_DOES_NOT_FIT', 'adapter.uri', `does not fit the model: ${path} ${why}`);
  }
  refuseOthersInFull(adapter, network);
  const { initLoraWeights: init } = adapter.settings;
  if (method.residualPath === null) {
    if (typeof init === 'string' && changesBase(init)) {
      throw invalidInput(
        'RESIDUAL_MISSING',
        'adapter.residual_uri',
        `an adapter started by ${init} needs its residual`,
      );
    }
    return;
  }
  const { residualPath } = method;
  const residual = await opening(placeOf('adapter.residual_uri', asked?.residualUri), () =>
    openModel(residualPath, { signal }),
  );
  for (const [name, { shape }] of model.tensors) {
    if (isStoredBuffer({ name, shape }) || residual.tensors.get(name)?.shape.join() === shape.join())
      continue;
    throw invalidInput(
      'RESIDUAL_DOES_NOT_FIT',
      'adapter.residual_uri',
      `has no tensor ${name} of the model's shape`,
    );
  }
}

/** Heads of classifiers are trained beside the pairs; anything else in full would be lost. */
function refuseOthersInFull(
  { savedTensors, opened }: Pick<LoadedAdapter, 'savedTensors' | 'opened'>,
  network: NetworkPlan,
): void {
  const { family, prefix } = network;
  const before = headTensors(network, 'classification').map((name) => name.slice(prefix.length));
  const isHead = (name: string): boolean => {
    const [first = ''] = name.split('.');
    return first === family.heads.classification?.module || first.endsWith('_pool_classifier');
  };
  const other = [...savedTensors.keys(), ...opened.ownTensors.keys()].find(
    (name) => !isHead(name) && !before.some((each) => name.endsWith(each)),
  );
  if (other === undefined) return;
  throw invalidInput(
    'ADAPTER_DOES_NOT_FIT',
    'adapter.uri',
    `has ${JSON.stringify(other)} in full, which is not trained here and would be lost; start from an adapter without it`,
  );
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
  const stored = await opening({ field: 'sequence_classification.labels' }, () =>
    storedHead(plan, model, network, signal),
  );
  return chooseClasses(objective.labels, stored, LABELS);
}

interface Reading {
  readonly chosen: ChosenClasses | null;
  readonly tokenizer: TextTokenizer;
  readonly maxLength: number;
  readonly signal: AbortSignal;
}

async function checkData(
  { path, textField, labelField, limit }: DataPlan,
  place: Place,
  { chosen, tokenizer, maxLength, signal }: Reading,
): Promise<void> {
  const isClassified = chosen !== null;
  const examples = await opening(place, async () => {
    const reading = { textField, labelField, limit, requireLabels: isClassified, signal };
    const found = await checkDataset(path, reading);
    await tokenizeExamples(tokenizer, found, { path, maxLength, requireTokens: isClassified, signal });
    return found;
  });
  const classes = chosen?.classes;
  if (chosen === null || classes === undefined) return;
  await opening({ field: 'sequence_classification.labels' }, () =>
    rowsOfLabels(classes, examples, place.field.replace(/\.uri$/, ''), todoOf(chosen, LABELS)),
  );
}

const placeOf = (field: string, uri: string | undefined): Place =>
  uri === undefined ? { field } : { field, uri };
