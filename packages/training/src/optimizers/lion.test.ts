import { setBackend, tf } from '@eigenloom/engine';
import { OPTIMIZERS } from './index.js';
import { Optimizer } from './optimizer.js';

beforeAll(() => setBackend('native'));

/** With the defaults the last gradient goes against its momentum: by too little to turn the first step, by enough to turn the second. */
const START = [0.5, -1, 2, 0.25];
const GRADIENTS = [
  [1, -2, 0, 0.5],
  [3, -1, 0, 0.5],
  [-0.1, 1, 0, -0.5],
];

// Algorithm 2 of arXiv:2302.06675, one number at a time, in float64.
test.each([
  ['the defaults', {}, [0.9, 0.99]],
  ['its own', { beta1: 0.8, beta2: 0.5 }, [0.8, 0.5]],
] as const)('three steps are those of the paper, with %s', async (_, value, [beta1, beta2]) => {
  const [rate, weightDecay] = [0.125, 0.25];
  const x = tf.variable(tf.tensor(START, [2, 2]));
  const { method } = OPTIMIZERS.create({ $case: 'lion', value });
  const optimizer = new Optimizer(new Map([['x', x]]), method, { weightDecay, maxGradientNorm: 0, seed: 1n });
  const expected = [...START];
  const m = START.map(() => 0);
  for (const [i, gradient] of GRADIENTS.entries()) {
    await optimizer.step(i + 1, rate, () =>
      Promise.resolve({ loss: 0, gradients: new Map([['x', tf.tensor(gradient, [2, 2])]]) }),
    );
    for (const [j, g] of gradient.entries()) {
      const c = beta1 * m[j]! + (1 - beta1) * g;
      expected[j]! -= rate * (Math.sign(c) + weightDecay * expected[j]!);
      m[j] = beta2 * m[j]! + (1 - beta2) * g;
    }
    const found = await optimizer.save();
    expect([...found.get('parameter/x')!.values]).toEqual(
      expected.map((each) => expect.closeTo(each, 6) as unknown),
    );
    expect([...found.get('m/x')!.values]).toEqual(m.map((each) => expect.closeTo(each, 6) as unknown));
  }
});

test('a moment that never forgets is refused', () => {
  const create = (): unknown => OPTIMIZERS.create({ $case: 'lion', value: { beta2: 1 } });
  expect(create).toThrow('optimizer.lion.beta2');
});
