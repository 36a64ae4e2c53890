import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { AppError } from '@eigenloom/errors';
import { common, type merge } from '@eigenloom/contracts';

import { mergeKind } from '../kind.js';
import { contextIn, model, newFolder, requestOf } from '../testing/job-context.js';
import { tinyLlama, writeTinyModel } from '../testing/tiny-model.js';

let folder: string;
beforeAll(async () => {
  folder = await newFolder();
  await writeTinyModel(join(folder, 'base'), tinyLlama(0, 2));
  await writeTinyModel(join(folder, 'a'), tinyLlama(1, 2));
  await writeTinyModel(join(folder, 'b'), tinyLlama(2, 2));
  await writeTinyModel(join(folder, 'deep'), tinyLlama(3, 3));
  await writeTinyModel(join(folder, 'tied'), tinyLlama(3, 2), {
    model_type: 'tiny',
    tie_word_embeddings: true,
  });
  await writeTinyModel(join(folder, 'untied'), tinyLlama(3, 2), {
    model_type: 'tiny',
    tie_word_embeddings: false,
  });
  await writeTinyModel(
    join(folder, 'wide'),
    tinyLlama(3, 2, { 'model.norm.weight': { value: 1, shape: [3] } }),
  );
  await writeTinyModel(join(folder, 'named'), tinyLlama(3, 2), { model_type: 'other' });
  await writeTinyModel(join(folder, 'headless'), headless());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function headless(): ReturnType<typeof tinyLlama> {
  return Object.fromEntries(Object.entries(tinyLlama(3, 2)).filter(([name]) => name !== 'lm_head.weight'));
}

async function refusal(config: string, more: Partial<merge.MergeRequest> = {}): Promise<AppError> {
  const context = { ...contextIn(folder), resolve: (uri: string) => Promise.resolve(join(folder, uri)) };
  try {
    await mergeKind.validate(requestOf({ mergekit: { config }, ...more }), context);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

const linear = (text: string): string => `merge_method: linear\n${text}`;
const MODELS = 'models: [{model: a, parameters: {weight: 1}}, {model: b, parameters: {weight: 1}}]';
const slices = (...sources: string[]): string =>
  linear(`parameters: {weight: 1}\nslices: [{sources: [${sources.join(', ')}]}]`);
const S = 'mergekit.slices[0].sources';

const REFUSED: [config: string, reason: string, field: string, message?: RegExp][] = [
  [MODELS, 'METHOD_MISSING', 'mergekit.merge_method', /choose one of linear, passthrough/],
  [`merge_method: liner\n${MODELS}`, 'UNKNOWN_METHOD', 'mergekit.merge_method', /did you mean linear\?/],
  [
    linear(`${MODELS}\nparameters: {normalize: null}`),
    'WRONG_TYPE',
    'mergekit.parameters.normalize',
    /is null/,
  ],
  [
    linear('models: [{model: a, parameters: {weight: null}}, {model: b}]'),
    'WRONG_TYPE',
    'mergekit.models[0].parameters.weight',
    /is null/,
  ],
  [`merge_method: 3\n${MODELS}`, 'WRONG_TYPE', 'mergekit.merge_method'],
  [linear(''), 'ONEOF_CONFLICT', 'mergekit', /none is given/],
  [linear(`${MODELS}\nslices: []`), 'ONEOF_CONFLICT', 'mergekit', /models and slices are given/],
  [linear('models: []'), 'WRONG_TYPE', 'mergekit.models'],
  [linear('models: [{}]'), 'FIELD_MISSING', 'mergekit.models[0].model'],
  [linear(`${MODELS}\ntensor_parallel_size: 2`), 'UNKNOWN_FIELD', 'mergekit.tensor_parallel_size'],
  [linear(`${MODELS}\nbase_modle: a`), 'UNKNOWN_FIELD', 'mergekit.base_modle', /did you mean base_model\?/],
  [linear('models: [{model: a, weight: 1}]'), 'UNKNOWN_FIELD', 'mergekit.models[0].weight'],
  [
    linear('models: [{model: a, parameters: {weihgt: 1}}]'),
    'UNKNOWN_FIELD',
    'mergekit.models[0].parameters.weihgt',
    /weight\?/,
  ],
  [
    linear('models: [{model: a, parameters: {weight: x}}]'),
    'WRONG_TYPE',
    'mergekit.models[0].parameters.weight',
  ],
  [
    linear('models: [{model: a}, {model: b}]'),
    'FIELD_MISSING',
    'mergekit.models[0].parameters.weight',
    /linear needs it/,
  ],
  [linear(`base_model: base\n${MODELS}`), 'FIELD_MISSING', 'mergekit.base_model.parameters.weight'],
  [
    linear(`${MODELS}\nparameters: {weight: 0}`).replaceAll('weight: 1', 'weight: 0'),
    'OUT_OF_RANGE',
    'mergekit.parameters',
    /add up to zero/,
  ],
  [linear(`${MODELS}\ndtype: int8`), 'WRONG_TYPE', 'mergekit.dtype', /float32, float16, bfloat16, float64/],
  [linear(`${MODELS}\nout_dtype: 32`), 'WRONG_TYPE', 'mergekit.out_dtype'],
  [
    linear('models: [{model: a+b+c, parameters: {weight: 1}}]'),
    'WRONG_TYPE',
    'mergekit.models[0].model',
    /one adapter/,
  ],
  [
    linear('models: [{model: {path: a}, parameters: {weight: 1}}]'),
    'UNKNOWN_FIELD',
    'mergekit.models[0].model.path',
  ],
  [linear('models: [{model: nowhere/model, parameters: {weight: 1}}]'), 'FILE_NOT_FOUND', ''],
  [
    linear('models: [{model: a}, {model: a}]\nparameters: {weight: 1}'),
    'MODEL_REPEATED',
    'mergekit.models[1]',
  ],
  [`merge_method: ties\n${MODELS}`, 'FIELD_MISSING', 'mergekit.base_model'],
  [
    `merge_method: ties\nbase_model: base\n${MODELS}\nparameters: {rescale: true}`,
    'UNSUPPORTED_PARAMETER',
    'mergekit.parameters.rescale',
  ],
  [
    `merge_method: ties\nbase_model: base\nmodels: [{model: base}]`,
    'OUT_OF_RANGE',
    'mergekit',
    /takes 1 or more models/,
  ],
  [`merge_method: passthrough\n${MODELS}`, 'OUT_OF_RANGE', 'mergekit', /takes 1 models, and 2 are given/],
  [`merge_method: slerp\nbase_model: a\n${MODELS}`, 'FIELD_MISSING', 'mergekit.parameters.t'],
  [slices('{model: a}'), 'FIELD_MISSING', `${S}[0].layer_range`],
  [slices('{model: a, layer_range: [0]}'), 'WRONG_TYPE', `${S}[0].layer_range`],
  [slices('{model: a, layer_range: [0, -1]}'), 'WRONG_TYPE', `${S}[0].layer_range[1]`],
  [slices('{model: a, layer_range: [1, 1]}'), 'OUT_OF_RANGE', `${S}[0].layer_range`],
  [
    slices('{model: a, layer_range: [0, 1]}', '{model: b, layer_range: [1, 3]}'),
    'OUT_OF_RANGE',
    `${S}[1].layer_range`,
    /2 layers/,
  ],
  [
    slices('{model: a, layer_range: [0, 1]}', '{model: b, layer_range: [0, 2]}'),
    'OUT_OF_RANGE',
    `${S}[1].layer_range`,
  ],
  [
    `merge_method: ties\nbase_model: base\nparameters: {weight: 1}\nslices: [{sources: [{model: a, layer_range: [0, 1]}]}]`,
    'FIELD_MISSING',
    S,
    /base model/,
  ],
  [linear(`modules: {vision: {${MODELS}}}`), 'UNKNOWN_MODULE', 'mergekit.modules.vision', /it has default/],
  [linear('modules: {default: {}}'), 'ONEOF_CONFLICT', 'mergekit.modules.default'],
  [linear(`${MODELS}\ntokenizer_source: base\ntokenizer: {}`), 'ONEOF_CONFLICT', 'mergekit.tokenizer'],
  [
    linear(`${MODELS}\ntokenizer: {tokens: {x: {source: {kind: one}}}}`),
    'WRONG_TYPE',
    'mergekit.tokenizer.tokens.x.source.kind',
  ],
  [linear(`${MODELS}\ntokenizer_source: union`), 'TOKENIZER_MISSING', 'mergekit.tokenizer_source'],
  [linear(`${MODELS}\nchat_template: chatml`), 'UNSUPPORTED_CHAT_TEMPLATE', 'mergekit.chat_template'],
  [linear(`${MODELS}\nchat_template: short`), 'WRONG_TYPE', 'mergekit.chat_template'],
  [
    linear(`${MODELS}\nchat_template: "{% for message in messages %}"`),
    'TOKENIZER_MISSING',
    'mergekit.chat_template',
  ],
  ['', 'FIELD_MISSING', 'mergekit.config'],
  ['[1]', 'WRONG_TYPE', 'mergekit'],
  ['a: [', 'YAML_INVALID', 'recipe'],
  [linear(`${MODELS}\nname: !!python/object:x {}`), 'YAML_INVALID', 'recipe'],
];

// Rows of one length: jest takes a missing argument for a callback.
const ROWS = REFUSED.map(([config, reason, field, message]) => [config, { reason, field, message }] as const);
test.each(ROWS)('%j is refused', async (config, { reason, field, message }) => {
  const error = await refusal(config);
  expect(error).toMatchObject({ reason });
  if (field !== '') expect(error.fieldViolations.map((violation) => violation.field)).toEqual([field]);
  if (message !== undefined) expect(error.message).toMatch(message);
});

const pair = (first: string, second: string): string =>
  linear(`models: [{model: ${first}}, {model: ${second}}]\nparameters: {weight: 1}`);

test.each([
  [pair('a', 'deep'), /mergekit\.models\[1\]: model\.layers has 3 layers instead of 2/],
  [pair('a', 'wide'), /"model\.norm\.weight" has shape \[3\] in mergekit\.models\[1\] instead of \[2\]/],
  [pair('a', 'headless'), /"lm_head\.weight" is missing in mergekit\.models\[1\]/],
  [pair('headless', 'a'), /"lm_head\.weight" is in mergekit\.models\[1\] and not in mergekit\.models\[0\]/],
  [pair('tied', 'untied'), /tie_word_embeddings is true in mergekit\.models\[0\]\.model and false/],
  [pair('a', 'named'), /model_type is "tiny"/],
])('models that do not fit are named: %j', async (config, message) => {
  const error = await refusal(config);
  expect(error).toMatchObject({ kind: 'INCOMPATIBLE', reason: 'INCOMPATIBLE_MODELS' });
  expect(error.message).toMatch(message);
});

test.each<[string, Partial<merge.MergeRequest>]>([
  ['models', { models: [model('a')] }],
  ['base', { base: { uri: 'base', adapters: [] } }],
  ['method', { method: { kind: { $case: 'linear', value: { normalize: true } } } }],
  ['output_data_type', { outputDataType: common.DataType.BF16 }],
])('%s beside a configuration is refused', async (field, more) => {
  const error = await refusal(linear(MODELS), more);
  expect(error).toMatchObject({ reason: 'ONEOF_CONFLICT', fieldViolations: [{ field }] });
});

test('an alias bomb is refused without expanding it', async () => {
  const lines = Array.from({ length: 10 }, (_, level) => {
    const inner = level === 0 ? '"x"' : `*l${level - 1}`;
    return `l${level}: &l${level} [${Array.from({ length: 10 }, () => inner).join(', ')}]`;
  });
  expect(await refusal(linear(lines.join('\n')))).toMatchObject({ reason: 'YAML_ALIAS_LIMIT' });
});
