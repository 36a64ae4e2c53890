import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { openModel } from '@eigenloom/checkpoint';
import { common, merge } from '@eigenloom/contracts';
import { SafetensorsFile } from '@eigenloom/numeric';
import { beyondMergeBounds } from '@eigenloom/testkit';

import { mergeKind } from './kind.js';
import { contextIn, golden, modelWith, model, newFolder, requestOf } from './testing/job-context.js';

type Method = NonNullable<merge.MergeRequest['method']>;

interface Parameters {
  readonly weight?: number;
  readonly density?: number;
  readonly gamma?: number;
  readonly scale?: number;
}
type Given = readonly [id: string, parameters: Parameters];

// The same settings as in tests/golden/mergekit/cases/NAME.yaml; those with gradients, slices and filters need the reader of that YAML.
const given = (parameters: Record<string, Parameters>): Given[] => Object.entries(parameters);
const plain = (...ids: string[]): Given[] => ids.map((id) => [id, {}]);
const W = { a: 0.47, b: 0.31, c: 0.43 };
/** Three models with the weights of most cases, and what else all of them have. */
const three = (rest: Parameters = {}, { a, b, c } = W): Given[] =>
  given({ a: { weight: a, ...rest }, b: { weight: b, ...rest }, c: { weight: c, ...rest } });
const abc = plain('a', 'b', 'c');
const thirty = given({ a: { weight: 0.3 }, b: { weight: 0.7 } });
const uneven = given({ a: { weight: 0.65 }, b: { weight: 0.35 } });
const mixed = given({
  a: { weight: W.a, density: 0.3 },
  b: { weight: W.b, density: 0.6 },
  c: { weight: W.c, density: 0.9 },
});
const negated = three({}, { ...W, b: -W.b });

/** A member of the oneof from its proto3 JSON. */
const method = (fields: object): Method => merge.MergeMethod.fromJSON(fields);

const CASES: [string, Given[], Method, ('base' | 'no base')?][] = [
  ['linear_30_70', thirty, method({ linear: {} }), 'no base'],
  ['linear_30_70.bf16', thirty, method({ linear: {} }), 'no base'],
  ['linear_three', three(), method({ linear: {} }), 'no base'],
  ['linear_unnormalised', three(), method({ linear: { normalize: false } }), 'no base'],
  ['slerp_t25', plain('a', 'b'), method({ slerp: { t: 0.25 } }), 'no base'],
  ['slerp_t25.bf16', plain('a', 'b'), method({ slerp: { t: 0.25 } }), 'no base'],
  ['slerp_t50', plain('a', 'b'), method({ slerp: { t: 0.5 } }), 'no base'],
  ['nuslerp', uneven, method({ nuslerp: {} }), 'no base'],
  ['nuslerp_base', uneven, method({ nuslerp: {} })],
  ['nuslerp_base.bf16', uneven, method({ nuslerp: {} })],
  ['nuslerp_row_wise', uneven, method({ nuslerp: { flatten: false, row_wise: true } }), 'no base'],
  ['nuslerp_unflattened_base', uneven, method({ nuslerp: { flatten: false } })],
  ['multislerp', three(), method({ multislerp: {} }), 'no base'],
  ['multislerp_base', three(), method({ multislerp: {} })],
  ['multislerp_unnormalised', three(), method({ multislerp: { normalize_weights: false } }), 'no base'],
  ['karcher', abc, method({ karcher: {} }), 'no base'],
  [
    'karcher_two_tight',
    plain('a', 'b'),
    method({ karcher: { max_iterations: 50, tolerance: 1e-7 } }),
    'no base',
  ],
  ['task_arithmetic', three(), method({ task_arithmetic: {} })],
  ['task_arithmetic_lambda', negated, method({ task_arithmetic: { lambda: 0.7 } })],
  ['task_arithmetic_lambda.bf16', negated, method({ task_arithmetic: { lambda: 0.7 } })],
  ['task_arithmetic_normalize', three(), method({ task_arithmetic: { normalize: true } })],
  ['ties_density20', three({ density: 0.2 }), method({ ties: {} })],
  ['ties_density50', three({ density: 0.5 }), method({ ties: {} })],
  ['ties_density50.bf16', three({ density: 0.5 }), method({ ties: {} })],
  ['ties_density80_lambda', three({ density: 0.8 }), method({ ties: { lambda: 0.7 } })],
  ['ties_mixed_unnormalised', mixed, method({ ties: { normalize: false } })],
  ['breadcrumbs_density60', three({ density: 0.6, gamma: 0.05 }), method({ breadcrumbs: {} })],
  ['breadcrumbs_gamma_cut', three({ density: 0.9, gamma: 0.2 }), method({ breadcrumbs: { lambda: 0.7 } })],
  ['breadcrumbs_ties_density60', three({ density: 0.6, gamma: 0.05 }), method({ breadcrumbs_ties: {} })],
  [
    'breadcrumbs_ties_normalize',
    three({ density: 0.7, gamma: 0.1 }),
    method({ breadcrumbs_ties: { normalize: true } }),
  ],
  ['sce_all', abc, method({ sce: {} })],
  ['sce_topk', abc, method({ sce: { select_topk: 0.5 } })],
  ['sce_topk10', abc, method({ sce: { select_topk: 0.1 } })],
  ['ram_1', abc, method({ ram: { epsilon: 0.02 } })],
  ['ram_2', abc, method({ ram: { epsilon: 0.05 } })],
  ['ramplus_tl', abc, method({ ramplus_tl: { epsilon: 0.02 } })],
  ['ramplus_tl_alpha', abc, method({ ramplus_tl: { epsilon: 0.05, r: 0.3, alpha: 2 } })],
  ['model_stock', abc, method({ model_stock: {} })],
  ['model_stock.bf16', abc, method({ model_stock: {} })],
  ['model_stock_filter_wise', abc, method({ model_stock: { filter_wise: true } })],
  ['nearswap_1', plain('b'), method({ nearswap: { t: 0.01 } })],
  ['nearswap_2', plain('a'), method({ nearswap: { t: 0.002 } })],
  ['arcee_fusion_a', plain('a'), method({ arcee_fusion: {} })],
  ['arcee_fusion_b', plain('b'), method({ arcee_fusion: {} })],
  ['passthrough_scale', given({ a: { scale: 0.5 } }), method({ passthrough: {} }), 'no base'],
  ...(['dare_linear', 'dare_ties', 'della', 'della_linear'] as const).flatMap((id) => {
    const { a, b, c } = W;
    const weights = {
      dare_linear: { a: c, b, c: a },
      dare_ties: { a: b, b: c, c: a },
      della: W,
      della_linear: { a: c, b: a, c: b },
    };
    const models = three({ density: 1 }, weights[id]);
    const set = { lambda: 0.7, normalize: id !== 'della' };
    return [
      [`${id}_density100`, models, method({ [id]: {} })],
      [`${id}_density100_set`, models, method({ [id]: set })],
    ] as [string, Given[], Method][];
  }),
];
/** Cases that only the YAML's own features tell from these. */
const OF_THE_READER = /gradient|filter$|^slices_/;

let folder: string;
beforeAll(async () => {
  folder = await newFolder();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('every case is here, but for those that are about the YAML', async () => {
  const files = (await readdir(golden('cases'))).filter((name) => name.endsWith('.yaml'));
  const names = files.map((name) => name.slice(0, -'.yaml'.length));
  expect(CASES.map(([name]) => name).sort()).toEqual(
    names.filter((name) => !OF_THE_READER.test(name)).sort(),
  );
});

test.each(CASES)('%s agrees with mergekit', async (name, models, chosen, base = 'base') => {
  const bf16 = name.endsWith('.bf16');
  const path = (id: string): string => golden(bf16 ? `${id}-bf16` : id);
  const request = requestOf({
    outputUri: join(folder, name),
    models: models.map(([id, parameters]) => modelWith(path(id), parameters)),
    base: base === 'no base' ? undefined : { uri: path('base'), adapters: [] },
    outputDataType: common.DataType.UNSPECIFIED,
    mode: merge.MergeMode.MERGEKIT,
    method: chosen,
  });
  await mergeKind.run(request, contextIn(folder));
  const result = await openModel(request.outputUri);
  const expected = await SafetensorsFile.open(golden(`cases/${name}.safetensors`));
  expect([...result.tensors.keys()].sort()).toEqual([...expected.tensors.keys()].sort());
  for (const [tensor, { dtype, shape }] of expected.tensors) {
    expect(result.tensors.get(tensor)).toMatchObject({ dtype, shape });
    const ours = await result.read(tensor, 'f32');
    const theirs = await expected.read(tensor, 'f32');
    expect(beyondMergeBounds(ours, theirs, dtype)).toBe(0);
  }
});

test('the folder opens as the base did, with a card that holds the recipe', async () => {
  const request = requestOf({
    outputUri: join(folder, 'card'),
    requestId: 'not-in-the-card',
    models: [model(golden('a'), 0.5), model(golden('b'), 0.5)],
    base: { uri: golden('base'), adapters: [] },
    method: method({ task_arithmetic: { lambda: 0.5 } }),
  });
  const context = contextIn(folder);
  const response = await mergeKind.run(request, context);
  const card = await readFile(join(request.outputUri, 'README.md'), 'utf8');
  expect(card).toContain('"lambda": 0.5');
  expect(card).not.toContain('not-in-the-card');
  expect(Object.keys(context.lineage?.inputs ?? {})).toEqual([
    'base/model.safetensors',
    'models/0/model.safetensors',
    'models/1/model.safetensors',
  ]);
  const { config, tensors } = await openModel(request.outputUri);
  expect(config).toEqual((await openModel(golden('base'))).config);
  expect(response.changes).toMatchObject({ tensors: tensors.size, changedTensors: tensors.size });
  // ‖0.5·(0.5 τ_a + 0.5 τ_b)‖ from the files themselves, in f64.
  const [base, a, b] = await Promise.all(['base', 'a', 'b'].map((id) => openModel(golden(id))));
  let delta = 0;
  for (const name of tensors.keys()) {
    const [x, y, z] = await Promise.all([base, a, b].map((m) => m!.read(name, 'f64')));
    x?.forEach(
      (value, i) => (delta += (0.25 * ((y?.[i] ?? 0) - value) + 0.25 * ((z?.[i] ?? 0) - value)) ** 2),
    );
  }
  expect(response.changes?.deltaNorm).toBeCloseTo(Math.sqrt(delta), 5);
});
