import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { NamedTensors } from './named-tensors.js';
import { readTensors, readWeights, writeTensors } from './tensor-file.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tensors-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('tensors come back in their own types, to the bit', async () => {
  const path = join(folder, 'all.safetensors');
  const tensors: NamedTensors = new Map([
    ['f32', { shape: [2, 2], values: Float32Array.of(1, -0, 2 ** -149, 0.1) }],
    ['f64', { shape: [1], values: Float64Array.of(0.1) }],
    ['i8', { shape: [2], values: Int8Array.of(-128, 127) }],
    ['i16', { shape: [1], values: Int16Array.of(-32768) }],
    ['i32', { shape: [], values: Int32Array.of(-(2 ** 31)) }],
    ['u8', { shape: [3], values: Uint8Array.of(0, 255, 7) }],
    ['u16', { shape: [1], values: Uint16Array.of(65535) }],
    ['u32', { shape: [1], values: Uint32Array.of(2 ** 32 - 1) }],
    ['i64', { shape: [1], values: BigInt64Array.of(-(2n ** 63n)) }],
    ['u64', { shape: [0], values: new BigUint64Array(0) }],
  ]);
  await writeTensors(path, tensors);
  const read = await readTensors(path);
  for (const [name, { shape, values }] of tensors) {
    expect(read.get(name)?.shape).toEqual(shape);
    expect(Object.is(read.get(name)?.values[1], values[1])).toBe(true);
    expect(read.get(name)?.values).toEqual(values);
  }
});

test('weights are read as f32', async () => {
  const path = join(folder, 'weights.safetensors');
  await writeTensors(path, new Map([['x', { shape: [2], values: Int32Array.of(3, -4) }]]));
  expect((await readWeights(path)).get('x')).toEqual({ shape: [2], values: Float32Array.of(3, -4) });
});
