import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { type Model, openModel, readAdapter } from '@eigenloom/checkpoint';
import { merge } from '@eigenloom/contracts';
import { setThreads, svd } from '@eigenloom/numeric';
import { adapterProduct } from '@eigenloom/testkit';

import { mergeKind } from '../kind.js';
import {
  contextIn,
  extractionGolden,
  modelWith,
  newFolder,
  peftGolden,
  requestOf,
} from '../testing/job-context.js';
import { normal, plus, type SyntheticTensors, writeModel } from '../testing/synthetic-model.js';
import type { ModuleReport } from '../adapters/write/module-report.js';
import { modulesOf } from '../testing/reports.js';

const BASE = peftGolden('base');
const TUNED = extractionGolden('tuned');

let folder: string;
beforeAll(async () => {
  folder = await newFolder();
});
afterEach(() => {
  setThreads(0);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let count = 0;

function requestFor(parameters: object, tuned = TUNED, base = BASE): merge.MergeRequest {
  return requestOf({
    outputUri: join(folder, `out-${(count += 1)}`),
    models: [modelWith(tuned, {})],
    base: { uri: base, adapters: [] },
    method: merge.MergeMethod.fromJSON({ extract_adapter: parameters }),
  });
}

async function extract(
  parameters: object,
  tuned = TUNED,
  base = BASE,
): Promise<{ path: string; modules: readonly ModuleReport[] }> {
  const request = requestFor(parameters, tuned, base);
  await mergeKind.run(request, contextIn(folder));
  return { path: request.outputUri, modules: await modulesOf(request.outputUri) };
}

const norm = (values: ArrayLike<number>): number =>
  Math.sqrt(Array.from(values).reduce((sum, v) => sum + v * v, 0));
const minus = (x: ArrayLike<number>, y: ArrayLike<number>): number[] =>
  Array.from(x, (v, i) => v - (y[i] ?? NaN));

/** tuned − base in f64. */
async function deltaOf(name: string, tuned: Model, base: Model): Promise<number[]> {
  return minus(await tuned.read(name, 'f64'), await base.read(name, 'f64'));
}

test('the pairs of a rank are those of mergekit-extract-lora', async () => {
  const { path } = await extract({ rank: 3 });
  const [ours, theirs] = [await readAdapter(path), await readAdapter(extractionGolden('rank3'))];
  expect([...ours.modules.keys()]).toEqual([...theirs.modules.keys()]);
  for (const [module, pair] of theirs.modules) {
    const expected = adapterProduct(pair);
    expect(norm(minus(adapterProduct(ours.modules.get(module)!), expected)) / norm(expected)).toBeLessThan(
      1e-5,
    );
  }
  expect([...ours.settings.targetModules].sort()).toEqual([...theirs.settings.targetModules].sort());
  expect(ours.settings).toMatchObject({ rank: 3, alpha: 3, taskType: 'CAUSAL_LM' });
});

test('norm and error are those of the singular values; what else changed is kept in full', async () => {
  const { path, modules } = await extract({ rank: 3 });
  const [tuned, base] = [await openModel(TUNED), await openModel(BASE)];
  const reported = new Map(modules.map((module) => [module.module, module]));
  for (const { module, rank, norm: whole, error } of modules.filter((each) => each.rank > 0)) {
    const name = `${module}.weight`;
    const [rows = 0, columns = 0] = tuned.tensors.get(name)?.shape ?? [];
    const delta = await deltaOf(name, tuned, base);
    const { s } = await svd({ rows, columns, data: Float64Array.from(delta) }, { vectors: 'none' });
    expect(whole / norm(delta)).toBeCloseTo(1, 6);
    expect(error / norm(s.slice(rank))).toBeCloseTo(1, 4);
  }
  const { savedTensors, settings } = await readAdapter(path);
  expect([...savedTensors.keys()].sort()).toEqual([
    'lm_head.weight',
    'model.layers.0.input_layernorm.weight',
  ]);
  expect([...settings.modulesToSave].sort()).toEqual(['lm_head', 'model.layers.0.input_layernorm']);
  expect([...savedTensors.get('lm_head.weight')!.data]).toEqual([
    ...(await tuned.read('lm_head.weight', 'f32')),
  ]);
  const head = reported.get('lm_head.weight');
  expect(head).toMatchObject({ rank: 0, error: 0 });
  expect(head!.norm / norm(await deltaOf('lm_head.weight', tuned, base))).toBeCloseTo(1, 5);
});

test('folded into the base, an adapter of full rank is the fine-tuned model', async () => {
  const { path } = await extract({ epsilon: 1e-6 });
  const [tuned, base, folded] = [
    await openModel(TUNED),
    await openModel(BASE),
    await openModel(BASE, { adapters: [path] }),
  ];
  for (const name of tuned.tensors.keys()) {
    const change = norm(await deltaOf(name, tuned, base));
    const rest = norm(minus(await folded.read(name, 'f64'), await tuned.read(name, 'f64')));
    expect(rest).toBeLessThanOrEqual(1e-5 * change);
  }
});

test('of a model that an adapter made, epsilon finds its rank, and only its modules', async () => {
  const context = contextIn(folder);
  const fold = requestOf({
    outputUri: join(folder, 'folded'),
    models: [
      { ...modelWith(BASE, {}), model: { uri: BASE, adapters: [peftGolden('adapters/lora_patterns')] } },
    ],
    method: merge.MergeMethod.fromJSON({ passthrough: {} }),
    allowUnchanged: true,
  });
  await mergeKind.run(fold, context);
  const { path } = await extract({ epsilon: 1e-3 }, fold.outputUri);
  const [made, given] = [await readAdapter(path), await readAdapter(peftGolden('adapters/lora_patterns'))];
  const ranks = (adapter: typeof made): [string, number][] =>
    [...adapter.modules].map(([name, { rank }]) => [name, rank]);
  expect(ranks(made)).toEqual(ranks(given));
  expect(made.savedTensors.size).toBe(0);
});

test('energy is the share of the squared norm that is kept', async () => {
  const { modules } = await extract({ energy: 0.5 });
  const pairs = modules.filter(({ rank }) => rank > 0);
  expect(pairs.length).toBe(14);
  for (const { norm: whole, error } of pairs)
    expect(error ** 2).toBeLessThanOrEqual(0.5 * whole ** 2 * (1 + 1e-5));
  const ranks = pairs.map(({ rank }) => rank);
  expect(Math.max(...ranks)).toBeLessThan(16);
});

test('target_modules and modules_to_save choose', async () => {
  const chosen = {
    rank: 4,
    target_modules: ['q_proj', 'embed_tokens', 'lm_head'],
    modules_to_save: ['v_proj'],
  };
  const made = await readAdapter((await extract(chosen)).path);
  const q = [0, 1].map((layer) => `model.layers.${layer}.self_attn.q_proj`);
  // The embedding did not change.
  expect([...made.modules.keys()]).toEqual(['lm_head', ...q]);
  expect(made.savedTensors.has('model.layers.1.self_attn.v_proj.weight')).toBe(true);
  const kept = await readAdapter((await extract({ rank: 4, modules_to_save: ['v_proj'] })).path);
  expect([...kept.modules.keys()].some((name) => name.endsWith('v_proj'))).toBe(false);
  expect(kept.savedTensors.has('model.layers.0.self_attn.v_proj.weight')).toBe(true);
  await expect(extract({ target_modules: ['nothing'] })).rejects.toMatchObject({
    reason: 'PATTERN_MATCHES_NOTHING',
  });
  await expect(extract({ target_modules: ['model.norm'] })).rejects.toMatchObject({
    reason: 'TARGET_NOT_A_MATRIX',
  });
});

describe('with models made here', () => {
  /** A base, and the same with changes to some tensors. */
  async function pair(
    name: string,
    shapes: Readonly<Record<string, readonly number[]>>,
    changed: readonly string[],
  ): Promise<[tuned: string, base: string]> {
    const base: Record<string, SyntheticTensors[string]> = {};
    const tuned: Record<string, SyntheticTensors[string]> = {};
    let stream = 500n;
    for (const [tensor, shape] of Object.entries(shapes)) {
      base[tensor] = await normal(shape, (stream += 1n));
      tuned[tensor] = changed.includes(tensor)
        ? plus(base[tensor], await normal(shape, (stream += 1n), 0.1))
        : base[tensor];
    }
    return [
      await writeModel(join(folder, `${name}-tuned`), tuned),
      await writeModel(join(folder, name), base),
    ];
  }

  test('embeddings and kernels fold back', async () => {
    const shapes = { 'embed.weight': [30, 12], 'conv.weight': [6, 4, 3], 'other.weight': [5, 5] };
    const [tuned, base] = await pair('kinds', shapes, ['embed.weight', 'conv.weight']);
    const { path } = await extract({ target_modules: ['embed', 'conv'], epsilon: 1e-6 }, tuned, base);
    const { modules, settings } = await readAdapter(path);
    expect(modules.get('embed')).toMatchObject({ kind: 'embedding', aShape: [12, 30], bShape: [12, 12] });
    expect(modules.get('conv')).toMatchObject({ aShape: [6, 4, 3], bShape: [6, 6, 1] });
    expect(settings.targetModules).toEqual(['conv', 'embed']);
    const [folded, expected] = [await openModel(base, { adapters: [path] }), await openModel(tuned)];
    for (const name of Object.keys(shapes)) {
      const values = await expected.read(name, 'f64');
      expect(norm(minus(await folded.read(name, 'f64'), values)) / norm(values)).toBeLessThan(1e-6);
    }
  });

  test('a changed bias is refused by name, dropped on request, or kept with its module', async () => {
    const shapes = { 'a.weight': [8, 6], 'a.bias': [8], 'b.weight': [8, 6], 'b.bias': [8] };
    const [tuned, base] = await pair('biased', shapes, ['a.weight', 'a.bias', 'b.weight']);
    await expect(extract({}, tuned, base)).rejects.toMatchObject({
      reason: 'BIAS_CHANGED',
      details: { tensor: 'a.bias' },
    });
    const dropped = await extract({ drop_biases: true }, tuned, base);
    expect(dropped.modules.at(-1)).toMatchObject({ module: 'a.bias', rank: 0 });
    expect(dropped.modules.at(-1)?.error).toBeGreaterThan(0.1);
    expect(await readFile(join(dropped.path, 'README.md'), 'utf8')).toContain(
      '1 changed biases are left out',
    );
    const kept = await readAdapter((await extract({ modules_to_save: ['a'] }, tuned, base)).path);
    expect([...kept.savedTensors.keys()].sort()).toEqual(['a.bias', 'a.weight']);
    expect([...kept.modules.keys()]).toEqual(['b']);
  });

  test('the randomised decomposition is as near as the full one, with the same bytes on any threads', async () => {
    const shapes = { 'wide.weight': [600, 520] };
    const [tuned, base] = await pair('wide', shapes, ['wide.weight']);
    const delta = await deltaOf('wide.weight', await openModel(tuned), await openModel(base));
    const { s } = await svd({ rows: 600, columns: 520, data: Float64Array.from(delta) }, { vectors: 'none' });
    const files = new Set<string>();
    for (const threads of [1, 2, 8]) {
      setThreads(threads);
      const { path, modules } = await extract({ rank: 16 }, tuned, base);
      // White noise, the flattest spectrum there is: 1 % above the best is 8 % of what rank 16 keeps.
      expect((modules[0]?.error ?? NaN) / norm(s.slice(16))).toBeLessThan(1.01);
      files.add((await readFile(join(path, 'adapter_model.safetensors'))).toString('base64'));
    }
    expect(files.size).toBe(1);
  });

  test('equal models, other shapes and values that are not finite are refused', async () => {
    const shapes = { 'a.weight': [4, 4] };
    const [same, base] = await pair('same', shapes, []);
    await expect(extract({}, same, base)).rejects.toMatchObject({ reason: 'MERGE_CHANGED_NOTHING' });
    const [, other] = await pair('other', { 'a.weight': [4, 5] }, []);
    await expect(extract({}, same, other)).rejects.toMatchObject({
      reason: 'INCOMPATIBLE_MODELS',
      details: { tensor: 'a.weight' },
    });
    const values = new Float32Array(16).fill(NaN);
    const broken = await writeModel(join(folder, 'nan'), { 'a.weight': { shape: [4, 4], values } });
    await expect(extract({}, broken, base)).rejects.toMatchObject({ reason: 'NON_FINITE_INPUT' });
  });
});

test('without a changed module to decompose there is no adapter, and what changed is named', async () => {
  const shapes = { 'a.q.weight': [4, 4], 'a.norm.weight': [4] } as const;
  const base = Object.fromEntries(
    await Promise.all(
      Object.entries(shapes).map(async ([name, shape], i) => [name, await normal(shape, BigInt(i))] as const),
    ),
  );
  const norm = await normal([4], 9n);
  const folders = [
    await writeModel(join(folder, 'norms-tuned'), { ...base, 'a.norm.weight': norm }),
    await writeModel(join(folder, 'norms'), base),
  ] as const;
  await expect(extract({ rank: 2 }, ...folders)).rejects.toMatchObject({
    reason: 'NOTHING_TO_DECOMPOSE',
    message: expect.stringContaining('what changed is "a.norm.weight"') as string,
  });
});

test('vocabularies of two sizes are refused with what makes them one', async () => {
  const of = async (rows: number, name: string): Promise<string> =>
    writeModel(join(folder, name), { 'lm_head.weight': await normal([rows, 4], 1n) });
  const message = expect.stringContaining('by a mergekit configuration with tokenizer_source') as string;
  await expect(extract({}, await of(6, 'more-rows'), await of(5, 'fewer-rows'))).rejects.toMatchObject({
    reason: 'INCOMPATIBLE_MODELS',
    message,
  });
});

test('requests that make no sense are refused, and an estimate bounds what is written', async () => {
  const context = contextIn(folder);
  const refused = (request: merge.MergeRequest): Promise<unknown> => mergeKind.validate(request, context);
  await expect(refused({ ...requestFor({}), base: undefined })).rejects.toMatchObject({
    reason: 'FIELD_MISSING',
  });
  await expect(refused(requestFor({ epsilon: 1 }))).rejects.toMatchObject({ reason: 'OUT_OF_RANGE' });
  await expect(refused(requestFor({ energy: 2 }))).rejects.toMatchObject({ reason: 'OUT_OF_RANGE' });
  const two = { ...requestFor({}), models: [modelWith(TUNED, {}), modelWith(TUNED, {})] };
  await expect(refused(two)).rejects.toMatchObject({ reason: 'OUT_OF_RANGE' });
  const { diskBytes } = await mergeKind.estimate(requestFor({ rank: 3 }), context);
  const { path } = await extract({ rank: 3 });
  const written = (await readFile(join(path, 'adapter_model.safetensors'))).length;
  expect(Number(diskBytes)).toBeGreaterThan(written - 8192);
});

test('a job that is cancelled leaves nothing', async () => {
  const controller = new AbortController();
  const own = await newFolder();
  const context = {
    ...contextIn(own, controller.signal),
    progress: () => {
      controller.abort();
    },
  };
  const request = { ...requestFor({ rank: 3 }), outputUri: join(own, 'out') };
  await expect(mergeKind.run(request, context)).rejects.toMatchObject({ reason: 'CANCELLED' });
  expect(await readdir(own)).toEqual(['scratch']);
  expect(await readdir(context.scratch)).toEqual([]);
  await rm(own, { recursive: true });
});
