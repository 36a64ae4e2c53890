import { openModelRef } from '@eigenloom/adapters';
import { type Model, opening } from '@eigenloom/checkpoint';
import type { analysis, common } from '@eigenloom/contracts';
import { checkDataRef, checkDataset, NamedArrays } from '@eigenloom/datasets';
import { incompatible, invalidInput } from '@eigenloom/errors';
import { checkTextFits, type DataSource, planNetwork } from '@eigenloom/models';
import type { RequestContext } from '@eigenloom/runtime';
import type { Checked } from './check-parameters.js';
import type { FeatureTask, TextTask } from './setting.js';

/** How much there is to train. */
export interface TaskSize {
  /** D, without a classifier's head. */
  readonly parameters: number;
  /** Numbers that stay in memory beside the weights. */
  readonly held: number;
  /** Multiplications of an example's forward pass. */
  readonly costOfOne: number;
}

/** A task whose inputs are there. */
export interface OpenedTask {
  readonly task: TextTask | FeatureTask;
  readonly model: Model | undefined;
  readonly adapters: readonly string[];
  readonly size: TaskSize;
}

/** Opens what the parameters name. Errors: `FIELD_MISSING`; those of models, of texts and of arrays, naming the field. */
export async function openTask(
  parameters: analysis.IntrinsicDimension,
  checked: Checked,
  field: string,
  context: RequestContext,
): Promise<OpenedTask> {
  const { model, data, testData, randomWeights } = parameters;
  if (model === undefined) return openFeatures(data, checked, field, context);
  const train = await openTexts(data, `${field}.data`, context);
  const test = await openTexts(testData, `${field}.test_data`, context);
  const opened = await openModelRef(model, `${field}.model`, context);
  const { maxLength } = checked;
  const network = await opening({ field: `${field}.model.uri`, uri: model.uri }, () =>
    planNetwork(opened.model),
  );
  const isDefault = parameters.batching?.maxLength === undefined;
  checkTextFits({ field: `${field}.batching.max_length`, maxLength, isDefault }, network.config.maxPositions);
  const sizes = [...opened.model.tensors.values()].map(({ shape }) => shape.reduce((a, b) => a * b, 1));
  const total = sizes.reduce((a, b) => a + b, 0);
  const inLayers = Math.max(0, total - network.config.vocabularySize * network.config.hiddenSize);
  const { directory: modelPath } = opened.model;
  return {
    task: { kind: 'text', modelPath, adapterPaths: opened.adapters, train, test, maxLength, randomWeights },
    model: opened.model,
    adapters: opened.adapters,
    size: { parameters: total, held: 0, costOfOne: inLayers * maxLength },
  };
}

async function openFeatures(
  data: common.DatasetRef | undefined,
  { hidden }: Checked,
  field: string,
  context: RequestContext,
): Promise<OpenedTask> {
  const { uri, limit = Infinity } = given(data, `${field}.data`);
  const path = await context.resolve(uri, `${field}.data.uri`);
  return opening({ field: `${field}.data.uri`, uri }, async () => {
    const arrays = await NamedArrays.open(path, context.signal);
    const [train, test] = [arrays.matrix('features'), arrays.matrix('test_features')];
    if (train.columns !== test.columns) {
      const why = `"features" has ${train.columns} columns and "test_features" ${test.columns}`;
      throw incompatible('COLUMNS_DIFFER', why);
    }
    const widths = [train.columns, ...hidden];
    const parameters = hidden.reduce((sum, width, i) => sum + width * ((widths[i] ?? 0) + 1), 0);
    const held = (Math.min(limit, train.rows) + test.rows) * train.columns;
    return {
      task: { kind: 'features', path, limit, hidden },
      ...{ model: undefined, adapters: [], size: { parameters, held, costOfOne: parameters } },
    };
  });
}

async function openTexts(
  data: common.DatasetRef | undefined,
  field: string,
  context: RequestContext,
): Promise<DataSource> {
  const { uri, textField = 'text', labelField = 'label', limit = 0 } = given(data, field);
  const path = await context.resolve(uri, `${field}.uri`);
  const options = { textField, labelField, limit, requireLabels: true, signal: context.signal };
  await opening({ field: `${field}.uri`, uri }, () => checkDataset(path, options));
  return { path, textField, labelField, limit };
}

function given(data: common.DatasetRef | undefined, field: string): common.DatasetRef {
  if (data === undefined || data.uri === '') throw invalidInput('FIELD_MISSING', field, 'names no data');
  checkDataRef(data, field);
  return data;
}
