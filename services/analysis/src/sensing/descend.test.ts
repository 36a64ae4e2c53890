import { matmul, randomNormal } from '@eigenloom/numeric';
import { descend, type Factors } from './descend.js';
import type { Problem } from './problem.js';
import { rebalance } from './remedy.js';

const [SIZE, COLUMNS, STEP_SIZE] = [4, 3, 1e-3];
const draw = (stream: bigint, length: number): Promise<Float64Array> =>
  randomNormal({ seed: 1n, stream, length, precision: 'f64' });

/** A problem whose operator is symmetric, and of no other structure. */
async function problem(): Promise<Problem> {
  const root = { rows: 20, columns: SIZE ** 2, data: await draw(0n, 20 * SIZE ** 2) };
  const operator = (await matmul(root, root, { transposeA: true })).data;
  const u = { rows: SIZE, columns: 2, data: await draw(1n, 2 * SIZE) };
  return { size: SIZE, truth: (await matmul(u, u, { transposeB: true })).data, operator };
}

/** vec(D)ᵀ·S·vec(D) with D = F·Gᵀ − M. */
function loss({ truth, operator }: Problem, { left, right }: Factors): number {
  const d = truth.map((value, at) => {
    const [i, j] = [Math.floor(at / SIZE), at % SIZE];
    let sum = -value;
    for (let l = 0; l < COLUMNS; l += 1) sum += left[i * COLUMNS + l]! * right[j * COLUMNS + l]!;
    return sum;
  });
  return d.reduce((sum, x, i) => sum + x * d.reduce((s, y, j) => s + operator![i * d.length + j]! * y, 0), 0);
}

const once = (onProgress = () => undefined) => ({
  stepSize: STEP_SIZE,
  steps: 1,
  signal: new AbortController().signal,
  onProgress,
});

test.each([
  ['symmetric', 1 / 4],
  ['asymmetric', 1 / 2],
] as const)('a step of %s factors goes down the gradient of the loss', async (kind, weight) => {
  const [given, left] = [await problem(), await draw(2n, SIZE * COLUMNS)];
  const right = kind === 'symmetric' ? left : await draw(3n, SIZE * COLUMNS);
  const before = { left: left.slice(), right: right.slice() };
  await descend(given, { columns: COLUMNS, left, right }, once());
  const width = 1e-5;
  for (const side of kind === 'symmetric' ? (['left'] as const) : (['left', 'right'] as const)) {
    for (const at of before.left.keys()) {
      const moved = (by: number): number => {
        const changed = before[side].with(at, before[side][at]! + by);
        const factors =
          kind === 'symmetric' ? { left: changed, right: changed } : { ...before, [side]: changed };
        return weight * loss(given, { columns: COLUMNS, ...factors });
      };
      const slope = (moved(width) - moved(-width)) / (2 * width);
      const step = (before[side][at]! - { left, right }[side][at]!) / STEP_SIZE;
      expect(Math.abs(step - slope)).toBeLessThan(1e-6 * Math.max(1, Math.abs(slope)));
    }
  }
});

test('the remedy leaves the product, and makes the columns of the left factor orthogonal and of one length', async () => {
  const [left, right] = [await draw(2n, SIZE * COLUMNS), await draw(3n, SIZE * COLUMNS)];
  const matrix = (data: Float64Array) => ({ rows: SIZE, columns: COLUMNS, data });
  const made = await rebalance({ columns: COLUMNS, left, right }, SIZE, {});
  const product = (f: Float64Array, g: Float64Array) => matmul(matrix(f), matrix(g), { transposeB: true });
  const [old, fresh] = [await product(left, right), await product(made.left, made.right)];
  old.data.forEach((value, at) => {
    expect(fresh.data[at]).toBeCloseTo(value, 10);
  });
  const gram = await matmul(matrix(made.left), matrix(made.left), { transposeA: true });
  gram.data.forEach((value, at) => {
    expect(value).toBeCloseTo(at % (COLUMNS + 1) === 0 ? gram.data[0]! : 0, 10);
  });
});

test('stops when it is asked to', async () => {
  const [given, left] = [await problem(), await draw(2n, SIZE * COLUMNS)];
  const controller = new AbortController();
  const run = descend(
    given,
    { columns: COLUMNS, left, right: left },
    { ...once(), steps: 1e9, stepSize: 1e-9, signal: controller.signal },
  );
  setTimeout(() => {
    controller.abort(new Error('enough'));
  }, 20);
  await expect(run).rejects.toThrow('enough');
});
