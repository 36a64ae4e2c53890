import { randomNormal } from '../random.js';
import { Fastfood } from './fastfood.js';

const draw = (stream: bigint, length: number): Promise<Float32Array> =>
  randomNormal({ seed: 1n, stream, length, precision: 'f32' });
const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, i) => sum + x * (b[i] ?? NaN), 0);

test('projects and transposes, from its seed alone', async () => {
  const size = { seed: 2n ** 64n - 1n, columns: 20, rows: 1000 };
  const projection = await Fastfood.draw(size);
  const [x, y] = [await draw(0n, 20), await draw(1n, 1000)];
  const [forward, backward] = [await projection.project(x), await projection.transpose(y)];
  expect(forward).toHaveLength(1000);
  expect(dot(forward, y)).toBeCloseTo(dot(x, backward), 4);
  expect(await (await Fastfood.draw(size)).project(x)).toEqual(forward);
  expect(await (await Fastfood.draw({ ...size, seed: 1n })).project(x)).not.toEqual(forward);
});

test('refuses what does not fit', async () => {
  const projection = await Fastfood.draw({ seed: 1n, columns: 3, rows: 5 });
  await expect(projection.project(new Float32Array(4))).rejects.toMatchObject({ reason: 'SHAPE_MISMATCH' });
  await expect(Fastfood.draw({ seed: 1n, columns: 0, rows: 5 })).rejects.toMatchObject({
    reason: 'OUT_OF_RANGE',
  });
  await expect(
    projection.transpose(new Float32Array(5), { signal: AbortSignal.abort() }),
  ).rejects.toMatchObject({ kind: 'CANCELLED' });
});
