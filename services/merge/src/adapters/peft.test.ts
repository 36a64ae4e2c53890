import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { type Adapter, readAdapter } from '@eigenloom/checkpoint';
import { merge } from '@eigenloom/contracts';
import { SafetensorsFile } from '@eigenloom/numeric';
import { adapterProduct } from '@eigenloom/testkit';

import { mergeKind } from '../kind.js';
import { adapterGolden, contextIn, modelWith, newFolder, requestOf } from '../testing/job-context.js';
import { modulesOf } from '../testing/reports.js';
import type { ModuleReport } from './write/module-report.js';

/** As in peft-fixture.py. */
const WEIGHTS: Record<string, number> = { x: 0.7, y: -0.4, z: 1.3 };

let folder: string;
beforeAll(async () => {
  folder = await newFolder();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let count = 0;

async function run(
  from: string,
  method: object,
): Promise<{ adapter: Adapter; modules: readonly ModuleReport[] }> {
  const request = requestOf({
    outputUri: join(folder, String((count += 1))),
    models: from.split(/(?=.)/).map((name) => modelWith(adapterGolden(name), { weight: WEIGHTS[name] })),
    method: merge.MergeMethod.fromJSON(method),
  });
  await mergeKind.run(request, contextIn(folder));
  return { adapter: await readAdapter(request.outputUri), modules: await modulesOf(request.outputUri) };
}

const norm = (values: ArrayLike<number>): number => Math.hypot(...Array.from(values));
const distance = (x: ArrayLike<number>, y: ArrayLike<number>): number =>
  norm(Array.from(x, (value, i) => value - (y[i] ?? NaN))) / norm(y);

/** Σ wᵢsᵢBᵢAᵢ of a module in f64, from the files. */
async function exactSum(from: string, module: string): Promise<Float64Array> {
  let sum: Float64Array | undefined;
  for (const name of from) {
    const pair = (await readAdapter(adapterGolden(name))).modules.get(module);
    if (pair === undefined) continue;
    const delta = adapterProduct(pair).map((value) => (WEIGHTS[name] ?? 1) * value);
    sum = sum === undefined ? delta : sum.map((value, i) => value + (delta[i] ?? 0));
  }
  return sum ?? new Float64Array();
}

test.each([
  ['cat', 'xyz', { adapter_concatenate: {} }],
  ['svd', 'xyz', { adapter_svd: { rank: 4 } }],
  ['linear', 'xy', { adapter_linear: {} }],
  ['ties', 'xy', { adapter_ties: { density: 0.5 } }],
  ['magnitude_prune', 'xy', { adapter_magnitude_prune: { density: 0.3 } }],
  ['dare_linear', 'xy', { adapter_dare_linear: {} }],
  ['dare_ties', 'xy', { adapter_dare_ties: {} }],
])('%s agrees with PEFT', async (name, from, method) => {
  const { adapter } = await run(from, method);
  const expected = await readAdapter(adapterGolden(name));
  expect([...adapter.modules.keys()]).toEqual([...expected.modules.keys()]);
  for (const [module, pair] of expected.modules) {
    const ours = adapter.modules.get(module)!;
    expect(distance(adapterProduct(ours), adapterProduct(pair))).toBeLessThan(2e-6);
    // Where the factors are what is defined, and not only their product.
    if (from === 'xy') {
      expect(distance(ours.a, pair.a)).toBeLessThan(1e-6);
      expect(distance(ours.b, pair.b)).toBeLessThan(1e-6);
    }
  }
});

test.each(['adapter_concatenate', 'adapter_svd', 'adapter_linear'])(
  '%s: the report has norm and error as the full matrices give them',
  async (id) => {
    const from = id === 'adapter_linear' ? 'xy' : 'xyz';
    const { adapter, modules } = await run(from, { [id]: {} });
    expect(modules.map(({ module }) => module)).toEqual([...adapter.modules.keys()]);
    for (const { module, norm: said, error, rank } of modules) {
      const exact = await exactSum(from, module);
      const ours = adapter.modules.get(module)!;
      const difference = norm(adapterProduct(ours).map((value, i) => value - (exact[i] ?? NaN)));
      expect(said / norm(exact)).toBeCloseTo(1, 9);
      expect(Math.abs(error - difference)).toBeLessThan(1e-7 * norm(exact));
      expect(rank).toBe(ours.rank);
      if (id === 'adapter_concatenate') expect(error).toBeLessThan(1e-7 * norm(exact));
      if (id === 'adapter_linear') expect(error).toBeGreaterThan(0.1 * norm(exact));
    }
  },
);

test('ranks are added where an adapter has the module, and those of one config differ by patterns', async () => {
  const { adapter } = await run('xyz', { adapter_concatenate: {} });
  const rankOf = (module: string): number | undefined => adapter.modules.get(module)?.rank;
  expect(rankOf('model.layers.0.mlp.down_proj')).toBe(4 + 4 + 3);
  expect(rankOf('model.layers.1.self_attn.q_proj')).toBe(4 + 4 + 2);
  expect(rankOf('model.layers.1.self_attn.k_proj')).toBe(4 + 4);
  expect(adapter.settings).toMatchObject({ rank: 11, alpha: 11, rankStabilized: false, baseModel: 'base' });
});

test('an energy gives the smallest rank that has it, by the singular values of the full sum', async () => {
  const { modules } = await run('xy', { adapter_svd: { energy: 0.9 } });
  for (const { rank, norm: total, error } of modules) {
    expect(rank).toBeLessThan(8);
    expect(error ** 2).toBeLessThanOrEqual(0.1 * total ** 2 * (1 + 1e-6));
  }
  const [first] = modules;
  const fewer = await run('xy', { adapter_svd: { rank: (first?.rank ?? 0) - 1 } });
  expect(fewer.modules[0]!.error ** 2).toBeGreaterThan(0.1 * (first?.norm ?? 0) ** 2);
});

test.each(['ties', 'linear'])('knots with %s agrees with full matrices in float64', async (rule) => {
  const settings = { rule: `KNOTS_RULE_${rule.toUpperCase()}`, density: 0.4 };
  const { adapter } = await run('xyz', { adapter_knots: settings });
  const expected = await SafetensorsFile.open(adapterGolden(`knots_${rule}.safetensors`));
  expect(expected.tensors.size).toBe(14);
  for (const module of expected.tensors.keys()) {
    const pair = adapter.modules.get(module)!;
    expect(distance(adapterProduct(pair), await expected.read(module, 'f64'))).toBeLessThan(2e-6);
  }
});

test('knots cut to a rank is the best approximation of what it was', async () => {
  const full = await run('xy', { adapter_knots: { density: 0.4 } });
  const cut = await run('xy', { adapter_knots: { density: 0.4, rank: 3 } });
  for (const [module, pair] of cut.adapter.modules) {
    expect(pair.rank).toBe(3);
    const [ours, whole] = [adapterProduct(pair), adapterProduct(full.adapter.modules.get(module)!)];
    const kept = norm(ours) ** 2 + norm(whole.map((value, i) => value - (ours[i] ?? NaN))) ** 2;
    // The remainder is orthogonal to what is kept.
    expect(kept / norm(whole) ** 2).toBeCloseTo(1, 6);
  }
});
