import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { openModel, readAdapter } from '@eigenloom/checkpoint';
import { setBackend } from '@eigenloom/engine';
import { type Batch, loadNetwork, makeBatch, type Network } from '@eigenloom/models';
import { SafetensorsFile, svd } from '@eigenloom/numeric';
import { findComponents, type ModuleComponents } from './find-components.js';

// Made by Hugging Face PEFT 0.21 on one batch of 8 × 32 tokens; see the README there.
const GOLDEN = resolve(__dirname, '../../../../tests/golden/peft');
const GOLDEN_RANK = 4;

interface Expected {
  ranks: Record<string, number>;
  total: number;
  same_input_groups: string[][];
  explained_variance_ratio: Record<string, number[]>;
}

let network: Network;
let batch: Batch;
beforeAll(async () => {
  await setBackend('native');
  network = await loadNetwork(await openModel(join(GOLDEN, 'base')));
  const ids = await (await SafetensorsFile.open(join(GOLDEN, 'batch.safetensors'))).read('input_ids', 'f64');
  batch = makeBatch(
    Array.from({ length: 8 }, (_, row) => Array.from(ids.subarray(row * 32, (row + 1) * 32))),
    0,
  );
});
afterAll(() => {
  network.dispose();
});

function* repeated(times: number): Generator<Batch> {
  for (let i = 0; i < times; i += 1) yield batch;
}

const silent = { signal: new AbortController().signal, onBatch: () => undefined };

/** Smallest cosine of the principal angles between the spans of orthonormal rows. */
async function smallestCosine(
  left: Float32Array,
  right: Float32Array,
  count: number,
  width: number,
): Promise<number> {
  const gram = new Float64Array(count * count);
  for (let i = 0; i < count; i += 1) {
    for (let j = 0; j < count; j += 1) {
      for (let k = 0; k < width; k += 1) gram[i * count + j]! += left[i * width + k]! * right[j * width + k]!;
    }
  }
  const { s } = await svd({ rows: count, columns: count, data: gram }, { vectors: 'none' });
  return s[count - 1]!;
}

describe.each([
  ['eva_rho1', 1],
  ['eva_rho2', 2],
] as const)('components of %s', (name, rho) => {
  let found: ReadonlyMap<string, ModuleComponents>;
  let expected: Expected;
  beforeAll(async () => {
    expected = JSON.parse(await readFile(join(GOLDEN, 'init', name, 'expected.json'), 'utf8')) as Expected;
    const modules = Object.keys(expected.ranks);
    const wanted = { modules, rank: GOLDEN_RANK, rho, tau: 0.99, seed: 0n };
    const result = await findComponents(network, wanted, repeated(10), silent);
    expect(result.converged).toBe(true);
    expect(result.batches).toBeLessThan(10);
    found = new Map(result.modules.map((module) => [module.module, module]));
  });

  it('have the rank total, and the sum of ranks of every group with one input', () => {
    const sum = (of: (module: string) => number, modules: string[]): number =>
      modules.reduce((total, module) => total + of(module), 0);
    const ours = (module: string): number => found.get(module)!.rank;
    expect(sum(ours, [...found.keys()])).toBe(expected.total);
    for (const group of expected.same_input_groups) {
      expect(sum(ours, group)).toBe(sum((module) => expected.ranks[module]!, group));
    }
  });

  it('span what PEFT found', async () => {
    const adapter = await readAdapter(join(GOLDEN, 'init', name));
    for (const [path, { a, rank, aShape }] of adapter.modules) {
      const ours = found.get(path)!;
      const count = Math.min(rank, ours.rank);
      expect(await smallestCosine(ours.components, a, count, aShape[1]!)).toBeGreaterThan(0.99);
    }
  });
});

it('refuses data without enough tokens', async () => {
  const wanted = { modules: ['model.layers.0.mlp.down_proj'], rank: 4, rho: 2, tau: 0.99, seed: 0n };
  await expect(findComponents(network, wanted, [makeBatch([[1, 2, 3]], 0)], silent)).rejects.toMatchObject({
    reason: 'TOO_LITTLE_DATA',
  });
});
