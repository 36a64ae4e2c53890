import { createHash } from 'node:crypto';
import { readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { merge } from '@eigenloom/contracts';
import { setThreads } from '@eigenloom/numeric';
import type { JobContext } from '@eigenloom/runtime';

import { mergeKind } from '../kind.js';
import { contextIn, newFolder, requestOf } from '../testing/job-context.js';
import { normal, writeModel } from '../testing/synthetic-model.js';

const CONFIG = `
name: half
merge_method: linear
models: [{model: one}, {model: two}]
parameters: {weight: 1}
---
merge_method: dare_ties
base_model: base
models: [{model: half, parameters: {weight: 1, density: 0.5}}, {model: two, parameters: {weight: 1, density: 0.7}}]
`;
/** One tensor of 64 × 40 f32 in each shard. */
const SHARD_BYTES = 64n * 40n * 4n;
const SHARDS = 4;

let folder: string;
beforeAll(async () => {
  folder = await newFolder();
  for (const [index, name] of ['base', 'one', 'two'].entries()) {
    const tensors = Array.from({ length: SHARDS }, async (_, layer) => {
      const values = await normal([64, 40], BigInt(10 * index + layer));
      return [`layer.${layer}.weight`, values] as const;
    });
    await writeModel(join(folder, name), Object.fromEntries(await Promise.all(tensors)));
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let runs = 0;

/** Runs a merge of two stages, of which `stop` ends the process's part once so many shards have been kept. */
async function attempt(
  scratch: string,
  more: { number?: number; stopAfter?: number; maxShardBytes?: bigint | undefined } = {},
): Promise<{ out: string; found: string[]; damaged: string[]; changes: merge.MergeResponse['changes'] }> {
  const found: string[] = [];
  const damaged: string[] = [];
  const out = join(folder, `out-${(runs += 1)}`);
  const context = contextIn(folder);
  let fences = 0;
  const log = {
    ...{ error: jest.fn(), debug: jest.fn() },
    info: ({ merge: of, file }: Record<string, string>) => found.push(`${of ?? ''} ${file ?? ''}`),
    warn: ({ merge: of, file }: Record<string, string>) => damaged.push(`${of ?? ''} ${file ?? ''}`),
  } as unknown as JobContext['log'];
  const { changes } = await mergeKind.run(
    requestOf({
      mergekit: { config: CONFIG },
      seed: 3n,
      maxShardBytes: 'maxShardBytes' in more ? more.maxShardBytes : SHARD_BYTES,
      outputUri: out,
    }),
    {
      ...{ ...context, log, scratch, attempt: more.number ?? 1 },
      resolve: (uri) => Promise.resolve(uri.startsWith('/') ? uri : join(folder, uri)),
      // As a killed process: nothing after the fence before the next shard.
      fence: () => {
        fences += 1;
        return fences === more.stopAfter ? Promise.reject(new Error('stopped')) : Promise.resolve();
      },
    },
  );
  return { out, found, damaged, changes };
}

async function tensorsOf(out: string): Promise<string> {
  const hash = createHash('sha256');
  for (const name of (await readdir(out)).filter((each) => each.endsWith('.safetensors')).sort()) {
    const bytes = await readFile(join(out, name));
    hash.update(bytes.subarray(8 + Number(bytes.readBigUInt64LE(0))));
  }
  return hash.digest('hex');
}

test('the values are the same with 1, 2 and 8 threads, with one shard and with four', async () => {
  const hashes = new Set<string>();
  const all = new Set<string>();
  for (const threads of [1, 2, 8]) {
    for (const maxShardBytes of [SHARD_BYTES, undefined]) {
      setThreads(threads);
      const { out, changes } = await attempt(join(folder, `threads-${threads}-${maxShardBytes ?? ''}`), {
        maxShardBytes,
      });
      hashes.add(await tensorsOf(out));
      all.add(JSON.stringify(changes));
    }
  }
  setThreads(0);
  expect(hashes.size).toBe(1);
  expect(all.size).toBe(1);
});

test('stopped anywhere, in either stage: the next attempt finds what is finished and ends with the same bytes', async () => {
  const undisturbed = await attempt(join(folder, 'undisturbed'));
  const names = Array.from({ length: SHARDS }, (_, i) => `model-0000${i + 1}-of-0000${SHARDS}.safetensors`);
  // One fence opens each stage, one goes before every shard.
  for (let stopAfter = 1; stopAfter <= 2 * (1 + SHARDS); stopAfter += 1) {
    const scratch = join(folder, `stopped-${stopAfter}`);
    await expect(attempt(scratch, { stopAfter })).rejects.toThrow('stopped');
    const { out, found, damaged, changes } = await attempt(scratch, { number: 2 });
    const finished = Math.max(0, stopAfter - 2);
    const first = Math.min(SHARDS, finished);
    const second = Math.max(0, finished - SHARDS - 1);
    expect(found).toEqual([
      ...names.slice(0, first).map((name) => `0 ${name}`),
      ...names.slice(0, second).map((name) => `result ${name}`),
    ]);
    expect(damaged).toEqual([]);
    expect(changes).toEqual(undisturbed.changes);
    for (const name of [...names, 'README.md', 'config.json']) {
      expect(await readFile(join(out, name))).toEqual(await readFile(join(undisturbed.out, name)));
    }
  }
});

test('of the finished shards only the damaged one is merged again', async () => {
  const scratch = join(folder, 'damaged');
  const { out: expected } = await attempt(join(folder, 'whole'));
  await expect(attempt(scratch, { stopAfter: 2 * (1 + SHARDS) })).rejects.toThrow('stopped');
  const [key = ''] = await readdir(join(scratch, 'finished', 'result'));
  const path = (shard: number): string =>
    join(scratch, 'finished', 'result', key, `model-0000${shard}-of-0000${SHARDS}.safetensors`);
  const bytes = await readFile(path(1));
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 4;
  await writeFile(path(1), bytes);
  await truncate(path(3), (await stat(path(3))).size - 1);
  const { out, damaged, found } = await attempt(scratch, { number: 2 });
  const name = (shard: number): string => `result model-0000${shard}-of-0000${SHARDS}.safetensors`;
  expect(damaged).toEqual([name(1), name(3)]);
  expect(found.filter((each) => each.startsWith('result'))).toEqual([name(2)]);
  expect(await tensorsOf(out)).toBe(await tensorsOf(expected));
});

test('shards of other inputs do not count', async () => {
  const scratch = join(folder, 'other');
  await expect(attempt(scratch, { stopAfter: 2 * (1 + SHARDS) })).rejects.toThrow('stopped');
  const path = join(folder, 'two', 'model.safetensors');
  await writeFile(path, await readFile(path));
  expect((await attempt(scratch, { number: 2 })).found).toEqual([]);
});
