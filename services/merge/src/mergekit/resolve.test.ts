import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { newFolder } from '../testing/job-context.js';
import { layout, resolved } from '../testing/resolved.js';
import { tinyLlama, writeTinyModel } from '../testing/tiny-model.js';
import { MAPPINGS } from './mappings.js';

let folder: string;
beforeAll(async () => {
  folder = await newFolder();
  await writeTinyModel(join(folder, 'base'), tinyLlama(0, 2));
  await writeTinyModel(join(folder, 'a'), tinyLlama(1, 2));
  await writeTinyModel(join(folder, 'b'), tinyLlama(2, 2));
  await writeTinyModel(join(folder, 'c'), tinyLlama(3, 2));
  await writeTinyModel(join(folder, 'deep'), tinyLlama(4, 5));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const Q0 = 'model.layers.0.self_attn.q_proj.weight';

/** Parameters of the models of a tensor, and the method. */
async function of(text: string, tensor = Q0): Promise<unknown> {
  const { tensors } = await resolved(folder, text);
  const found = tensors.find(({ name }) => name === tensor);
  return { models: found?.sources.map(({ parameters }) => parameters), method: found?.method };
}

// Defaults as in mergekit's sources; members of the oneof as in the contract.
const W = 'parameters: {weight: 0.5}';
const two = `models: [{model: a, ${W}}, {model: b, ${W}}]`;
const one = 'models: [{model: a}]';
const weights = (more: object = {}): object[] => [1, 2].map(() => ({ weight: 0.5, ...more }));
const plain = [{ weight: 1 }, { weight: 1 }];
const METHODS: [string, string, object[], string, object][] = [
  ['linear', two, weights(), 'linear', { normalize: true }],
  ['passthrough', one, [{ weight: 1 }], 'passthrough', { scale: undefined }],
  ['slerp', `${one}\nbase_model: b\nparameters: {t: 0.25}`, plain, 'slerp', { t: 0.25 }],
  ['nuslerp', two, weights(), 'nuslerp', { flatten: true, rowWise: false }],
  ['multislerp', two, weights(), 'multislerp', { normalizeWeights: true, epsilon: 1e-8 }],
  ['karcher', 'models: [{model: a}, {model: b}]', plain, 'karcher', { maxIterations: 10, tolerance: 1e-5 }],
  [
    'task_arithmetic',
    `${two}\nbase_model: base`,
    weights(),
    'taskArithmetic',
    { lambda: 1, normalize: false },
  ],
  ['ties', `${two}\nbase_model: base`, weights({ density: 1 }), 'ties', { lambda: 1, normalize: true }],
  [
    'dare_linear',
    `${two}\nbase_model: base`,
    weights({ density: 1 }),
    'dareLinear',
    { normalize: false, rescale: true },
  ],
  [
    'dare_ties',
    `${two}\nbase_model: base`,
    weights({ density: 1 }),
    'dareTies',
    { normalize: false, rescale: true },
  ],
  [
    'della',
    `${two}\nbase_model: base`,
    weights({ density: 1, epsilon: 0.15 }),
    'della',
    { normalize: true, rescale: true },
  ],
  [
    'della_linear',
    `${two}\nbase_model: base`,
    weights({ epsilon: 0.15 }),
    'dellaLinear',
    { normalize: false },
  ],
  ['breadcrumbs', `${two}\nbase_model: base`, weights({ gamma: 0.01 }), 'breadcrumbs', { normalize: false }],
  [
    'breadcrumbs_ties',
    `${two}\nbase_model: base`,
    weights({ gamma: 0.01 }),
    'breadcrumbsTies',
    { normalize: false },
  ],
  ['sce', 'models: [{model: a}, {model: b}]\nbase_model: base', plain, 'sce', { selectTopk: 1 }],
  ['ram', 'models: [{model: a}, {model: b}]\nbase_model: base', plain, 'ram', { epsilon: 1e-5 }],
  [
    'ramplus_tl',
    'models: [{model: a}, {model: b}]\nbase_model: base',
    plain,
    'ramplusTl',
    { epsilon: 1e-5, r: 0.1, alpha: 0.2 },
  ],
  [
    'model_stock',
    'models: [{model: a}, {model: b}]\nbase_model: base',
    plain,
    'modelStock',
    { filterWise: false },
  ],
  ['nearswap', `${one}\nbase_model: base\nparameters: {t: 0.01}`, [{ weight: 1 }], 'nearswap', { t: 0.01 }],
  ['arcee_fusion', `${one}\nbase_model: base`, [{ weight: 1 }], 'arceeFusion', {}],
];

test('every method of the table is tested', () => {
  expect(METHODS.map(([id]) => id)).toEqual(MAPPINGS.map(({ id }) => id));
});

test.each(METHODS)('%s has its defaults', async (id, text, models, name, value) => {
  expect(await of(`merge_method: ${id}\n${text}`)).toMatchObject({
    models: models.map((parameters) => parameters),
    method: { $case: name, value },
  });
});

test.each([
  [
    'nuslerp',
    'parameters: {nuslerp_flatten: false, nuslerp_row_wise: yes}',
    { flatten: false, rowWise: true },
  ],
  ['karcher', 'parameters: {max_iter: 50, tol: 1.0e-07}', { maxIterations: 50, tolerance: 1e-7 }],
  [
    'multislerp',
    'parameters: {normalize_weights: false, eps: 1e-6}',
    { normalizeWeights: false, epsilon: 1e-6 },
  ],
])('%s takes %s', async (id, parameters, value) => {
  expect(await of(`merge_method: ${id}\n${two}\n${parameters}`)).toMatchObject({ method: { value } });
});

test('the order of precedence is source, slice, module, document; a list without a fitting filter is passed over', async () => {
  const text = (source: string, slice: string, module: string): string => `
merge_method: linear
parameters: {weight: 4}
modules:
  default:
    parameters: ${module}
    slices:
    - parameters: ${slice}
      sources: [{model: a, layer_range: [0, 2], parameters: ${source}}]
`;
  const weightIn = async (...levels: [string, string, string]): Promise<unknown> =>
    ((await of(text(...levels))) as { models: { weight: number }[] }).models[0]?.weight;
  expect(await weightIn('{weight: 1}', '{weight: 2}', '{weight: 3}')).toBe(1);
  expect(await weightIn('{weight: [{filter: mlp, value: 1}]}', '{weight: 2}', '{weight: 3}')).toBe(2);
  expect(await weightIn('{}', '{}', '{weight: 3}')).toBe(3);
  expect(await weightIn('{}', '{}', '{}')).toBe(4);
});

test('filters see the name in the model for its parameters, and that in the result for the method', async () => {
  const text = `
merge_method: slerp
base_model: a
parameters: {t: [{filter: layers.1, value: 0.9}, {value: 0.1}]}
slices:
- sources: [{model: a, layer_range: [0, 1]}, {model: b, layer_range: [0, 1]}]
- sources: [{model: a, layer_range: [0, 1]}, {model: b, layer_range: [0, 1]}]
`;
  expect(await of(text)).toMatchObject({ method: { value: { t: 0.1 } } });
  expect(await of(text, Q0.replace('.0.', '.1.'))).toMatchObject({ method: { value: { t: 0.9 } } });
  const linear = `
merge_method: linear
slices:
- sources: [{model: a, layer_range: [1, 2], parameters: {weight: [{filter: layers.1, value: 5}, {value: 1}]}}]
`;
  expect(await of(linear)).toMatchObject({ models: [{ weight: 5 }] });
});

describe('gradients', () => {
  const weightsOf = async (text: string): Promise<Record<string, number | undefined>> => {
    const { tensors } = await resolved(folder, text);
    return Object.fromEntries(tensors.map(({ name, sources }) => [name, sources[0]?.parameters.weight]));
  };

  test('five layers, and what lies outside reads the first value', async () => {
    const found = await weightsOf(
      'merge_method: linear\nmodels: [{model: deep, parameters: {weight: [1, 0.4, 0.2]}}]',
    );
    const layers = [0, 1, 2, 3, 4].map((layer) => found[`model.layers.${layer}.mlp.down_proj.weight`]);
    [1, 0.7, 0.4, 0.3, 0.2].forEach((expected, layer) => {
      expect(layers[layer]).toBeCloseTo(expected, 14);
    });
    for (const name of ['model.embed_tokens.weight', 'model.norm.weight', 'lm_head.weight']) {
      expect(found[name]).toBe(1);
    }
  });

  test('a slice of one layer reads the last value, its norm and head the first', async () => {
    const found = await weightsOf(
      'merge_method: linear\nslices: [{sources: [{model: a, layer_range: [1, 2], parameters: {weight: [9, 4]}}]}]',
    );
    expect(found).toEqual({
      'model.embed_tokens.weight': 9,
      [Q0]: 4,
      'model.layers.0.mlp.down_proj.weight': 4,
      'model.norm.weight': 9,
      'lm_head.weight': 9,
    });
  });
});

test('layers are renumbered; embeddings come from the first slice, norm and head from the last', async () => {
  const text = `
merge_method: passthrough
slices:
- sources: [{model: deep, layer_range: [1, 3]}]
- sources: [{model: a, layer_range: [1, 2]}]
`;
  expect(layout(await resolved(folder, text))).toEqual({
    'model.embed_tokens.weight': ['deep model.embed_tokens.weight'],
    [Q0]: ['deep model.layers.1.self_attn.q_proj.weight'],
    'model.layers.0.mlp.down_proj.weight': ['deep model.layers.1.mlp.down_proj.weight'],
    'model.layers.1.self_attn.q_proj.weight': ['deep model.layers.2.self_attn.q_proj.weight'],
    'model.layers.1.mlp.down_proj.weight': ['deep model.layers.2.mlp.down_proj.weight'],
    'model.layers.2.self_attn.q_proj.weight': ['a model.layers.1.self_attn.q_proj.weight'],
    'model.layers.2.mlp.down_proj.weight': ['a model.layers.1.mlp.down_proj.weight'],
    'model.norm.weight': ['a model.norm.weight'],
    'lm_head.weight': ['a lm_head.weight'],
  });
});

test('norm and head ignore sources beyond the first slice’s, in the mode of mergekit alone', async () => {
  const source = (model: string): string => `{model: ${model}, layer_range: [0, 1], ${W}}`;
  const text = `
merge_method: linear
slices: [{sources: [${source('a')}]}, {sources: [${source('b')}, ${source('c')}]}]
`;
  const theirs = layout(await resolved(folder, text));
  expect(theirs['lm_head.weight']).toEqual(['b lm_head.weight']);
  const papers = layout(await resolved(folder, text, 'paper'));
  expect(papers['lm_head.weight']).toEqual(['b lm_head.weight', 'c lm_head.weight']);
});

describe('the base', () => {
  const bases: [string, string, string[]][] = [
    ['is what task vectors start from', 'ties', [`base ${Q0} (origin)`, `a ${Q0}`, `b ${Q0}`]],
    ['is the last of the models of a mean', 'linear', [`a ${Q0}`, `b ${Q0}`, `base ${Q0}`]],
    ['is the origin of nuslerp when given', 'nuslerp', [`base ${Q0} (origin)`, `a ${Q0}`, `b ${Q0}`]],
  ];
  test.each(bases)('%s (%s)', async (_, id, expected) => {
    const text = `merge_method: ${id}\nbase_model: base\nmodels: [{model: a}, {model: b}]\nparameters: {weight: 1}`;
    expect(layout(await resolved(folder, text))[Q0]).toEqual(expected);
  });

  test('is the first of the two of slerp, wherever it stands', async () => {
    const text = 'merge_method: slerp\nbase_model: b\nmodels: [{model: a}, {model: b}]\nparameters: {t: 0}';
    expect(layout(await resolved(folder, text))[Q0]).toEqual([`b ${Q0}`, `a ${Q0}`]);
  });

  test('may be another one for a slice', async () => {
    const slice = (base: string, other: string): string =>
      `{base_model: ${base}, sources: [{model: ${base}, layer_range: [0, 1]}, {model: ${other}, layer_range: [0, 1]}]}`;
    const text = `merge_method: slerp\nparameters: {t: 0.5}\nslices: [${slice('a', 'b')}, ${slice('c', 'b')}]`;
    const found = layout(await resolved(folder, text));
    expect(found[Q0]).toEqual([`a ${Q0}`, `b ${Q0}`]);
    expect(found['lm_head.weight']).toEqual(['c lm_head.weight', 'b lm_head.weight']);
  });
});
