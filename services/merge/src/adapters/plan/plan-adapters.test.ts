import { cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type Adapter, readAdapter, writeAdapter } from '@eigenloom/checkpoint';
import { common, merge } from '@eigenloom/contracts';

import { mergeKind } from '../../kind.js';
import {
  adapterGolden,
  contextIn,
  model,
  modelWith,
  newFolder,
  requestOf,
} from '../../testing/job-context.js';
import { modulesOf } from '../../testing/reports.js';

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const methodOf = (fields: object): merge.MergeRequest['method'] => merge.MergeMethod.fromJSON(fields);

function request(
  paths: readonly string[],
  method: object,
  more: Partial<merge.MergeRequest> = {},
): merge.MergeRequest {
  return requestOf({
    outputUri: join(folder, 'out'),
    models: paths.map((path) => model(path)),
    method: methodOf(method),
    ...more,
  });
}

/** A copy of a golden adapter with a change. */
async function variant(
  name: string,
  from: string,
  change: (adapter: Adapter) => Partial<Adapter>,
): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  const adapter = await readAdapter(adapterGolden(from));
  await writeAdapter(path, { ...adapter, ...change(adapter) });
  return path;
}

/** One with another config. */
async function configured(name: string, from: string, keys: object): Promise<string> {
  const path = join(folder, name);
  await cp(adapterGolden(from), path, { recursive: true });
  const file = join(path, 'adapter_config.json');
  const config = JSON.parse(await readFile(file, 'utf8')) as object;
  await writeFile(file, JSON.stringify({ ...config, ...keys }));
  return path;
}

// Long enough for a machine that does much else.

const [x, y, z] = ['x', 'y', 'z'].map(adapterGolden) as [string, string, string];

describe('refused before anything runs', () => {
  const refusal = (made: merge.MergeRequest): Promise<unknown> =>
    Promise.resolve(mergeKind.validate(made, contextIn(folder))).then(
      () => 'accepted',
      (error: unknown) => error,
    );

  test('a base, another type of storage, adapters of an adapter', async () => {
    const concatenate = { adapter_concatenate: {} };
    expect(await refusal(request([x], concatenate, { base: { uri: x, adapters: [] } }))).toMatchObject({
      reason: 'NOT_APPLICABLE',
      message: expect.stringContaining('base') as string,
    });
    const half = { outputDataType: common.DataType.BF16 };
    expect(await refusal(request([x], concatenate, half))).toMatchObject({ reason: 'NOT_APPLICABLE' });
    const shards = { maxShardBytes: 1000n };
    expect(await refusal(request([x], concatenate, shards))).toMatchObject({
      message: expect.stringContaining('max_shard_bytes') as string,
    });
    const models = { models: [modelWith(x, { model: { uri: x, adapters: [y] } })] };
    expect(await refusal(request([], concatenate, models))).toMatchObject({
      message: expect.stringContaining('models[0].model.adapters') as string,
    });
  });

  test('ranks that differ where the factors are merged, naming the module', async () => {
    expect(await refusal(request([x, z], { adapter_linear: {} }))).toMatchObject({
      reason: 'ADAPTERS_DIFFER',
      details: { module: 'model.layers.0.mlp.down_proj' },
      message: expect.stringMatching(
        /has ranks 4 and 3 in models\[0\] and models\[1\]; adapter_concatenate, adapter_svd, adapter_knots take different ranks/,
      ) as string,
    });
  });

  test('scales that differ, and modules that one lacks, where they are averaged', async () => {
    expect(await refusal(request([x, y], { adapter_average: {} }))).toMatchObject({
      message: expect.stringContaining('has scales 2 and 0.75') as string,
    });
    const fewer = await variant('fewer', 'x', ({ modules }) => ({ modules: new Map([...modules].slice(1)) }));
    expect(await refusal(request([x, fewer], { adapter_ema: { decay: 0.5 } }))).toMatchObject({
      message: expect.stringContaining('is missing in models[1]') as string,
    });
  });

  test('DoRA, rank-changing starts and other kinds of adapters, by name', async () => {
    for (const [keys, reason] of [
      [{ use_dora: true }, 'UNSUPPORTED_ADAPTER'],
      [{ lora_bias: true }, 'UNSUPPORTED_ADAPTER'],
      [{ init_lora_weights: 'pissa' }, 'ADAPTER_NEEDS_CONVERSION'],
      [{ fan_in_fan_out: true }, 'ADAPTERS_DIFFER'],
      [{ task_type: 'SEQ_CLS' }, 'ADAPTERS_DIFFER'],
    ] as const) {
      const odd = await configured(`odd-${JSON.stringify(keys).replaceAll(/\W/g, '')}`, 'y', keys);
      expect(await refusal(request([x, odd], { adapter_concatenate: {} }))).toMatchObject({ reason });
    }
  });

  test('weights where they would be ignored, a decay that is missing or 1', async () => {
    const models = { models: [modelWith(x, { weight: 0.5 })] };
    expect(await refusal(request([], { adapter_average: {} }, models))).toMatchObject({
      reason: 'OUT_OF_RANGE',
    });
    expect(await refusal(request([x], { adapter_ema: {} }))).toMatchObject({ reason: 'FIELD_MISSING' });
    expect(await refusal(request([x], { adapter_ema: { decay: 1 } }))).toMatchObject({
      reason: 'OUT_OF_RANGE',
    });
  });

  test('a configuration of mergekit beside the method', async () => {
    const both = request([], { adapter_concatenate: {} }, { mergekit: { config: 'merge_method: linear' } });
    expect(await refusal(both)).toMatchObject({ reason: 'ONEOF_CONFLICT' });
  });
});

const head = (value: number): Adapter['savedTensors'] =>
  new Map([['score.weight', { shape: [2, 2], data: new Float32Array(4).fill(value) }]]);

test('a tensor in full of one adapter is kept; of two it is refused', async () => {
  const one = await variant('one', 'x', ({ settings }) => ({
    savedTensors: head(3),
    settings: { ...settings, modulesToSave: ['score'] },
  }));
  const two = await variant('two', 'y', () => ({ savedTensors: head(4) }));
  const made = request([one, y], { adapter_svd: { rank: 2 } });
  await mergeKind.run(made, contextIn(folder));
  const { savedTensors, settings } = await readAdapter(made.outputUri);
  expect([...(savedTensors.get('score.weight')?.data ?? [])]).toEqual([3, 3, 3, 3]);
  expect(settings.modulesToSave).toEqual(['score']);
  expect((await modulesOf(made.outputUri)).at(-1)).toMatchObject({ module: 'score.weight', rank: 0 });
  await expect(
    mergeKind.validate(request([one, two], { adapter_svd: {} }), contextIn(folder)),
  ).rejects.toMatchObject({ reason: 'SAVED_TENSORS_CONFLICT', details: { tensor: 'score.weight' } });
});

/** A vector of one factor by hand. */
const factor = async (path: string): Promise<Float32Array> =>
  (await readAdapter(path)).modules.get('model.layers.0.self_attn.q_proj')!.a;

test('a merged head keeps the names of its classes, and heads with another order of classes are refused', async () => {
  const named = async (name: string, classes: readonly string[]): Promise<string> => {
    const path = await variant(name, 'x', () => ({ savedTensors: head(1) }));
    await writeFile(
      join(path, 'config.json'),
      JSON.stringify({ id2label: Object.fromEntries(classes.entries()) }),
    );
    return path;
  };
  const [a, b, swapped] = [
    await named('named-a', ['spam', 'ham']),
    await named('named-b', ['spam', 'ham']),
    await named('named-c', ['ham', 'spam']),
  ];
  const made = request([a, b], { adapter_average: {} }, { outputUri: join(folder, 'named') });
  await mergeKind.run(made, contextIn(folder));
  expect(JSON.parse(await readFile(join(made.outputUri, 'config.json'), 'utf8'))).toEqual({
    id2label: { 0: 'spam', 1: 'ham' },
  });
  await expect(
    mergeKind.validate(request([a, swapped], { adapter_average: {} }), contextIn(folder)),
  ).rejects.toMatchObject({ reason: 'LABELS_DIFFER' });
});

test('average and moving average, with tensors in full, as the formulas say', async () => {
  const paths = [
    await variant('p', 'x', () => ({ savedTensors: head(1) })),
    await variant('q', 'x', ({ modules }) => ({
      savedTensors: head(5),
      modules: new Map([...modules].map(([name, pair]) => [name, { ...pair, a: pair.a.map((v) => 3 * v) }])),
    })),
    await variant('r', 'x', ({ modules }) => ({
      savedTensors: head(9),
      modules: new Map([...modules].map(([name, pair]) => [name, { ...pair, a: pair.a.map((v) => -v) }])),
    })),
  ];
  const first = await factor(paths[0]!);
  for (const [method, inA, inHead] of [
    [{ adapter_average: {} }, (1 + 3 - 1) / 3, 5],
    // θ₁ = 1; 0.75·1 + 0.25·3; 0.75·that − 0.25, and of the head 0.75·(0.75·1 + 0.25·5) + 0.25·9.
    [{ adapter_ema: { decay: 0.75 } }, 0.75 * 1.5 - 0.25, 0.75 * 2 + 2.25],
  ] as const) {
    const made = request(paths, method, { outputUri: join(folder, Object.keys(method)[0]!) });
    await mergeKind.run(made, contextIn(folder));
    // All have the same B, so the product of the means is the mean of the products.
    const pairs = (await modulesOf(made.outputUri)).filter(({ rank }) => rank > 0);
    expect(pairs).toHaveLength(15);
    for (const { norm, error } of pairs) expect(error).toBeLessThan(1e-6 * norm);
    const merged = await factor(made.outputUri);
    merged.forEach((value, i) => {
      expect(value).toBeCloseTo(inA * (first[i] ?? NaN), 6);
    });
    const { savedTensors, modules } = await readAdapter(made.outputUri);
    expect([...savedTensors.get('score.weight')!.data]).toEqual([inHead, inHead, inHead, inHead]);
    expect(modules.get('model.embed_tokens')).toMatchObject({ kind: 'embedding', scaling: 2 });
  }
});

test('the artifact has config, weights and a card that names its inputs by content; only the report stays in scratch', async () => {
  const context = contextIn(folder);
  const made = request([x, y], { adapter_svd: { rank: 3 } });
  const estimate = await mergeKind.estimate(made, context);
  await mergeKind.run(made, context);
  expect((await readdir(made.outputUri)).sort()).toEqual([
    'README.md',
    'adapter_config.json',
    'adapter_model.safetensors',
    'report.html',
    'report.json',
  ]);
  expect(Object.keys(context.lineage?.inputs ?? {})).toEqual(
    [0, 1].flatMap((i) => ['config.json', 'model.safetensors'].map((file) => `models/${i}/adapter_${file}`)),
  );
  const card = await readFile(join(made.outputUri, 'README.md'), 'utf8');
  expect(card).toContain('15 modules of rank 3 to 3');
  expect(card).toContain('"rank": 3');
  expect(card).not.toContain('golden');
  // For an attempt that finds the artifact committed.
  expect(await readdir(context.scratch)).toEqual(['report.json']);
  const weights = await readFile(join(made.outputUri, 'adapter_model.safetensors'));
  // Twice, for the pairs lie in the job's folder first; the header's length stands before it.
  const header = 8 + Number(weights.readBigUInt64LE(0));
  expect(estimate.diskBytes).toBe(BigInt(2 * (weights.length - header)));
});

test('different bases are not named, and different modules are named by their paths', async () => {
  const other = await configured('other', 'z', { base_model_name_or_path: 'another' });
  const made = request([x, other], { adapter_concatenate: {} });
  await mergeKind.run(made, contextIn(folder));
  const { settings, modules } = await readAdapter(made.outputUri);
  expect(settings.baseModel).toBe('');
  expect(settings.targetModules).toEqual([...modules.keys()]);
  expect(await readFile(join(made.outputUri, 'README.md'), 'utf8')).toContain('name different base models');
});

test('pairs of a convolution are merged as matrices and keep their shapes', async () => {
  const conv = (sign: number): Adapter['modules'] => {
    const a = Float32Array.from({ length: 4 * 3 * 5 }, (_, i) => Math.sin(i));
    const b = Float32Array.from({ length: 6 * 4 }, (_, i) => sign * Math.cos(i));
    const shapes = { aShape: [4, 3, 5], bShape: [6, 4, 1] };
    return new Map([['conv', { kind: 'linear', a, b, ...shapes, rank: 4, alpha: 8, scaling: 2 }]]);
  };
  const both = [
    await variant('c', 'x', () => ({ modules: conv(1) })),
    await variant('d', 'x', () => ({ modules: conv(-3) })),
  ];
  const made = request(both, { adapter_svd: {} });
  await mergeKind.run(made, contextIn(folder));
  const pair = (await readAdapter(made.outputUri)).modules.get('conv')!;
  expect(pair).toMatchObject({ aShape: [4, 3, 5], bShape: [6, 4, 1], rank: 4, scaling: 1 });
  const given = conv(1).get('conv')!;
  // The sum is −2 times the first, which rank 4 holds.
  for (let i = 0; i < 6; i += 1) {
    for (let j = 0; j < 15; j += 1) {
      const at = ({ a, b }: typeof pair): number =>
        [0, 1, 2, 3].reduce((sum, k) => sum + (b[i * 4 + k] ?? NaN) * (a[k * 15 + j] ?? NaN), 0);
      expect(at(pair)).toBeCloseTo(-2 * 2 * at(given), 4);
    }
  }
  const [report] = await modulesOf(made.outputUri);
  expect(report!.error).toBeLessThan(1e-6 * report!.norm);
});

test.each([0, 1e-9])('pairs scaled by %p merge to what is scaled so', async (scale) => {
  const scaled = (adapter: Adapter): Partial<Adapter> => ({
    modules: new Map(
      [...adapter.modules].map(([name, pair]) => [
        name,
        { ...pair, b: pair.b.map((value) => scale * value) },
      ]),
    ),
  });
  const small = [await variant('small-x', 'x', scaled), await variant('small-y', 'y', scaled)];
  for (const method of [
    { adapter_svd: { rank: 3 } },
    { adapter_svd: { energy: 0.9 } },
    { adapter_knots: {} },
  ]) {
    const name = JSON.stringify(method).replaceAll(/\W/g, '');
    const [made, whole] = [small, [x, y]].map((paths, i) =>
      request(paths, method, { outputUri: join(folder, `${name}-${i}`), allowUnchanged: scale === 0 }),
    ) as [merge.MergeRequest, merge.MergeRequest];
    for (const each of [made, whole]) await mergeKind.run(each, contextIn(folder));
    const [ours, theirs] = [await modulesOf(made.outputUri), await modulesOf(whole.outputUri)];
    for (const [i, { norm, error }] of ours.entries()) {
      const expected = theirs[i]!;
      expect(Math.abs(norm - scale * expected.norm)).toBeLessThanOrEqual(1e-6 * scale * expected.norm);
      expect(Math.abs(error - scale * expected.error)).toBeLessThanOrEqual(1e-5 * scale * expected.norm);
    }
    for (const { a, b } of (await readAdapter(made.outputUri)).modules.values()) {
      expect([...a, ...b].every(Number.isFinite)).toBe(true);
    }
  }
});

test('a job that is cancelled leaves nothing', async () => {
  const controller = new AbortController();
  const context = {
    ...contextIn(folder, controller.signal),
    progress: () => {
      controller.abort();
    },
  };
  const made = request([x, y], { adapter_knots: {} });
  await expect(mergeKind.run(made, context)).rejects.toMatchObject({ reason: 'CANCELLED' });
  expect((await readdir(folder)).sort()).toEqual(['scratch']);
  expect(await readdir(context.scratch)).toEqual([]);
});

describe('an adapter that would change nothing', () => {
  const run = async (made: merge.MergeRequest): Promise<unknown> => mergeKind.run(made, contextIn(folder));
  const weighted = (weights: readonly number[], method: object, more: Partial<merge.MergeRequest> = {}) =>
    request([], method, { models: weights.map((weight) => modelWith(x, { weight })), ...more });

  test.each(['adapter_linear', 'adapter_concatenate', 'adapter_svd', 'adapter_knots', 'adapter_ties'])(
    'is refused where all weights are 0: %s',
    async (id) => {
      await expect(run(weighted([0, 0], { [id]: {} }))).rejects.toMatchObject({
        reason: 'MERGE_CHANGED_NOTHING',
        message: expect.stringMatching(
          new RegExp(`^${id}: .* the weights are all 0; give each adapter a weight; set allow_unchanged`),
        ) as string,
      });
      expect(await readdir(folder)).not.toContain('out');
    },
  );

  test.each(['adapter_concatenate', 'adapter_svd'])('is refused where adapters cancel: %s', async (id) => {
    await expect(run(weighted([0.7, -0.7], { [id]: {} }))).rejects.toMatchObject({
      reason: 'MERGE_CHANGED_NOTHING',
      message: expect.stringContaining('cancel each other') as string,
    });
  });

  test('is refused where nothing of them is kept, and where all of them are zero', async () => {
    const none = request([x, x], { adapter_magnitude_prune: { density: 1e-9 } });
    await expect(run(none)).rejects.toMatchObject({ reason: 'MERGE_CHANGED_NOTHING' });
    const fresh = await variant('fresh', 'x', ({ modules }) => ({
      modules: new Map([...modules].map(([path, pair]) => [path, { ...pair, b: pair.b.map(() => 0) }])),
    }));
    await expect(run(request([fresh], { adapter_average: {} }))).rejects.toMatchObject({
      reason: 'MERGE_CHANGED_NOTHING',
    });
  });

  test('is written with allow_unchanged, and one that is merely small without it', async () => {
    await run(weighted([0, 0], { adapter_linear: {} }, { allowUnchanged: true }));
    expect(await readdir(join(folder, 'out'))).toContain('adapter_model.safetensors');
    await run(weighted([1e-12, -1e-13], { adapter_svd: {} }, { outputUri: join(folder, 'small') }));
    expect(await readdir(join(folder, 'small'))).toContain('adapter_model.safetensors');
  });
});
