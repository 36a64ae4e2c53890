import { type AdapterFiles, fitAdapter, openModel, readAdapterFolder } from '@eigenloom/adapters';
import { type Place, changesBase, isStoredBuffer, opening, type Model } from '@eigenloom/checkpoint';
import type { train } from '@eigenloom/contracts';
import { AppError, invalidInput } from '@eigenloom/errors';
import {
  checkTextFits,
  type DataSource,
  EXAMPLE_KINDS,
  type ExampleReader,
  headTensors,
  type Labelled,
  type NetworkPlan,
  planNetwork,
} from '@eigenloom/models';
import type { Objective, OpenedModel, StoredHead } from '@eigenloom/training';
import { checkSteps } from './check-steps.js';
import { objectiveOf } from './choices.js';
import { checkObjectiveModels, NO_CLASSES } from './objective-models.js';
import { storedHead } from './stored-head.js';
import { openReader } from './open-reader.js';
import type { TrainPlan } from './train-plan.js';

/** What a plan is about, opened but not read. */
export interface CheckedInputs {
  readonly model: Model;
  readonly network: NetworkPlan;
  readonly reader: ExampleReader;
  /** Models of the objective, by role. */
  readonly others: ReadonlyMap<string, OpenedModel>;
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
  const objective = objectiveOf(plan);
  await objective.checkModel(network, model.tensors);
  checkSettings(plan, network, request);
  const reader = await opening(modelPlace, () => openReader(plan, network));
  await checkAdapter(plan, { model, network }, request, signal);
  const stored = await storedHead(plan, model, network, signal);
  const read = { objective, stored, reader, signal };
  const examples = await checkData(plan.trainData, placeOf('train_data.uri', request?.trainData?.uri), read);
  if (plan.validationData !== null) {
    const place = placeOf('validation_data.uri', request?.validationData?.uri);
    await checkData(plan.validationData, place, read);
  }
  const classes = objective.classes?.(examples, stored) ?? NO_CLASSES;
  const others = await checkObjectiveModels(plan, objective, { model, classes }, signal);
  return { model, network, reader, others };
}

/** Whether the model's kind of example has a use for what a request says of the data. Errors: `FIELD_UNUSED`, `OUT_OF_RANGE`. */
function checkSettings({ maxLength }: TrainPlan, { family, config }: NetworkPlan, request?: Named): void {
  const { noun, takes } = EXAMPLE_KINDS[family.input];
  const given = request?.batching?.maxLength !== undefined;
  const field = 'batching.max_length';
  if (takes.maxLength) {
    const isDefault = request !== undefined && !given;
    checkTextFits({ field, maxLength, isDefault }, config.maxPositions);
  }
  const unused = [
    ...(takes.maxLength || !given ? [] : [field]),
    ...(takes.fields ? [] : fieldsOf('train_data', request?.trainData)),
    ...(takes.fields ? [] : fieldsOf('validation_data', request?.validationData)),
  ];
  const [first] = unused;
  if (first !== undefined) throw invalidInput('FIELD_UNUSED', first, `says nothing of ${noun}; leave it out`);
}

const fieldsOf = (name: string, data: Named['trainData']): string[] => [
  ...(data?.textField === undefined ? [] : [`${name}.text_field`]),
  ...(data?.labelField === undefined ? [] : [`${name}.label_field`]),
];

async function checkAdapter(
  plan: TrainPlan,
  { model, network }: Pick<CheckedInputs, 'model' | 'network'>,
  request: Named | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { method } = plan;
  if (method.kind !== 'adapter') return;
  const { adapterPath } = method;
  const chosen = request?.trainable?.kind;
  const asked = chosen?.$case === 'adapter' ? chosen.value : undefined;
  const place = placeOf('adapter.uri', asked?.uri);
  const adapter = await opening(place, () => readAdapterFolder(adapterPath, { signal }));
  fit(adapter, network);
  refuseOthersInFull(adapter, network);
  const init = adapter.settings.raw['init_lora_weights'];
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

/** Errors: `ADAPTER_DOES_NOT_FIT`. */
function fit(adapter: AdapterFiles, network: NetworkPlan): void {
  try {
    fitAdapter(adapter, network);
  } catch (cause) {
    if (!(cause instanceof AppError) || cause.reason !== 'ADAPTER_DOES_NOT_FIT') throw cause;
    const why = `does not fit the model: ${cause.message.replace(/^adapter: /, '')}`;
    throw invalidInput('ADAPTER_DOES_NOT_FIT', 'adapter.uri', why);
  }
}

/** Heads of classifiers are trained beside the pairs; anything else in full would be lost. */
function refuseOthersInFull(
  { savedTensors, opened }: Pick<AdapterFiles, 'savedTensors' | 'opened'>,
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

interface Checking {
  readonly objective: Objective;
  readonly stored: StoredHead | null;
  readonly reader: ExampleReader;
  readonly signal: AbortSignal;
}

async function checkData(
  source: DataSource,
  place: Place,
  { objective, stored, reader, signal }: Checking,
): Promise<readonly Labelled[]> {
  const { isLabelled: requireLabels } = objective;
  const examples = await opening(place, () => reader.check(source, { requireLabels, signal }));
  await objective.checkExamples(examples, stored, place.field.replace(/\.uri$/, ''));
  return examples;
}

const placeOf = (field: string, uri: string | undefined): Place =>
  uri === undefined ? { field } : { field, uri };
