import { setBackend, tf } from '@eigenloom/engine';
import { gradientsOf } from '@eigenloom/training';
import { drawProjection } from './projections.js';
import { FACTORS, FlatWeights, Subspace, THETA } from './subspace.js';

const { signal } = new AbortController();
const COLUMNS = 5;

beforeAll(async () => {
  await setBackend('native');
});

/** Three weights of two layers, and a loss that each of them enters in another way. */
function problem(): { weights: FlatWeights; loss: () => tf.Scalar } {
  const make = (shape: number[], from: number): tf.Variable =>
    tf.tidy(() => {
      const size = shape.reduce((a, b) => a * b, 1);
      const values = Float32Array.from({ length: size }, (_, i) => Math.sin(from + i));
      return tf.variable(tf.tensor(values, shape), true);
    });
  const [a, b, c] = [make([4, 3], 1), make([3], 2), make([3, 2], 3)] as const;
  const named = new Map([
    ['one.weight', a],
    ['one.bias', b],
    ['two.weight', c],
  ]);
  const input = tf.keep(tf.tensor2d([0.3, -0.2, 0.9, 0.4, -0.5, 0.8, 0.1, -0.7], [2, 4]));
  const loss = (): tf.Scalar => {
    const hidden: tf.Tensor2D = tf.tanh(tf.add(tf.matMul(input, a as tf.Variable<tf.Rank.R2>), b));
    return tf.sum(tf.square(tf.sub(tf.matMul(hidden, c as tf.Variable<tf.Rank.R2>), 1)));
  };
  return { weights: new FlatWeights(named, (name) => name.split('.')[0] ?? ''), loss };
}

const readLoss = async (loss: () => tf.Scalar): Promise<number> => {
  const value = tf.tidy(loss);
  const [number = NaN] = await value.data();
  value.dispose();
  return number;
};

test.each([
  ['plain', false],
  ['structure-aware', true],
])('%s: gradients are those of differences', async (_, structureAware) => {
  const { weights, loss } = problem();
  const size = { seed: 1n, columns: COLUMNS, rows: weights.size };
  const projection = await drawProjection('fastfood', size, 'projection', {});
  const subspace = new Subspace(
    weights,
    await weights.read(),
    projection,
    { columns: COLUMNS, structureAware },
    signal,
  );
  expect([...subspace.trained.keys()]).toEqual(structureAware ? [THETA, FACTORS] : [THETA]);
  const before = await readLoss(loss);
  await subspace.place();
  expect(await readLoss(loss)).toBeCloseTo(before, 6);
  const put = (name: string, values: number[]): void => {
    tf.tidy(() => {
      subspace.trained.get(name)?.assign(tf.tensor1d(values));
    });
  };
  const at: Record<string, number[]> = { [THETA]: [0.4, -0.3, 0.2, 0.5, -0.1] };
  if (structureAware) at[FACTORS] = [0.8, 1.3];
  for (const [name, values] of Object.entries(at)) put(name, values);
  const { gradients } = await subspace.gradients(gradientsOf(() => ({ loss: { value: loss() } })))(
    1,
    subspace.trained,
  );
  const width = 1e-2;
  for (const [name, values] of Object.entries(at)) {
    const found = await gradients.get(name)?.data();
    for (const [i, value] of values.entries()) {
      const moved = async (by: number): Promise<number> => {
        put(name, values.with(i, value + by));
        await subspace.place();
        return readLoss(loss);
      };
      const slope = ((await moved(width)) - (await moved(-width))) / (2 * width);
      put(name, values);
      expect(Math.abs((found?.[i] ?? NaN) - slope)).toBeLessThan(2e-3 * Math.max(1, Math.abs(slope)));
    }
  }
});

test('takes no tensor with it', async () => {
  const { weights, loss } = problem();
  const start = await weights.read();
  const before = tf.memory().numTensors;
  const size = { seed: 1n, columns: COLUMNS, rows: weights.size };
  const projection = await drawProjection('sparse', size, 'projection', {});
  const subspace = new Subspace(
    weights,
    start,
    projection,
    { columns: COLUMNS, structureAware: true },
    signal,
  );
  const take = subspace.gradients(gradientsOf(() => ({ loss: { value: loss() } })));
  for (const step of [1, 2]) tf.dispose([...(await take(step, subspace.trained)).gradients.values()]);
  subspace.dispose();
  expect(tf.memory().numTensors).toBe(before);
});
