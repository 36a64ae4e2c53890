import { randomNormal } from '@eigenloom/numeric';
import { drawProjection, type Projection } from './projections.js';
import type { ProjectionKind } from './setting.js';

const FIELD = 'intrinsic_dimension.projection';
const SIZE = { seed: 3n, columns: 40, rows: 4096 };
const vector = (stream: bigint, length: number): Promise<Float32Array> =>
  randomNormal({ seed: 1n, stream, length, precision: 'f32' });
const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, i) => sum + x * (b[i] ?? NaN), 0);

describe.each(['dense', 'sparse', 'fastfood'] as ProjectionKind[])('%s', (kind) => {
  const draw = (changes: object = {}): Promise<Projection> =>
    drawProjection(kind, { ...SIZE, ...changes }, FIELD, {});

  test('columns have norm 1 and are nearly orthogonal', async () => {
    const projection = await draw();
    const unit = (at: number): Float32Array => new Float32Array(SIZE.columns).fill(1, at, at + 1);
    const columns: Float32Array[] = [];
    for (let at = 0; at < SIZE.columns; at += 1) columns.push(await projection.project(unit(at), {}));
    for (const [i, a] of columns.entries()) {
      expect(dot(a, a)).toBeCloseTo(1, 4);
      // Cosines of random vectors have a standard deviation of 1/√D = 0.016 or, on 64 places of 4096, about as much.
      for (const b of columns.slice(i + 1)) expect(Math.abs(dot(a, b))).toBeLessThan(0.1);
    }
  });

  test('the transpose is the adjoint, and norms are kept', async () => {
    const projection = await draw();
    const [x, y] = [await vector(0n, SIZE.columns), await vector(1n, SIZE.rows)];
    const forward = await projection.project(x, {});
    expect(dot(forward, y)).toBeCloseTo(dot(x, await projection.transpose(y, {})), 3);
    expect(dot(forward, forward) / dot(x, x)).toBeGreaterThan(0.8);
    expect(dot(forward, forward) / dot(x, x)).toBeLessThan(1.2);
  });

  test('follows from the seed and the size', async () => {
    const x = await vector(0n, SIZE.columns);
    const first = await (await draw()).project(x, {});
    expect(await (await draw()).project(x, {})).toEqual(first);
    expect(await (await draw({ seed: 4n })).project(x, {})).not.toEqual(first);
  });
});

test('sparse: a share of 1/√D is not zero', async () => {
  const projection = await drawProjection('sparse', { ...SIZE, columns: 200 }, FIELD, {});
  const unit = new Float32Array(200);
  let places = 0;
  for (let at = 0; at < 200; at += 1) {
    unit.fill(0).fill(1, at, at + 1);
    places += (await projection.project(unit, {})).filter((value) => value !== 0).length;
  }
  // Binomial: 200 · 4096 places with probability 1/64, a standard deviation of 112 around 12,800.
  expect(Math.abs(places - 12_800)).toBeLessThan(600);
});

test('dense: refused where it would not fit', () => {
  expect(() => drawProjection('dense', { seed: 1n, columns: 1000, rows: 1e6 }, FIELD, {})).toThrow(
    'intrinsic_dimension.projection: a dense matrix of 1000000 × 1000',
  );
});
