import { gelu, linear, setBackend, softmaxCrossEntropy, tf } from '@eigenloom/engine';
import { backward } from './backward.js';
import { record, recomputed, unrecorded } from './tape.js';
import { gradientsOf } from './take-gradients.js';

beforeAll(() => setBackend('native'));

const numbers = (count: number, start: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i * 1.7 + start));
const variable = (shape: number[], start: number): tf.Variable =>
  tf.tidy(() =>
    tf.variable(
      tf.tensor(
        numbers(
          shape.reduce((x, y) => x * y, 1),
          start,
        ),
        shape,
      ),
      true,
    ),
  );

/** Two layers, one weight used twice, an identity, a tensor that nothing is made of, and a variable that the loss does not depend on. */
function network(): { variables: tf.Variable[]; loss: () => tf.Scalar } {
  const [first, bias, shared, unused] = [
    variable([6, 5], 1),
    variable([6], 2),
    variable([6, 6], 3),
    variable([2], 4),
  ];
  const x = tf.tensor2d(numbers(20, 5), [4, 5]);
  const loss = (): tf.Scalar => {
    const h = tf.relu(linear(x, first, bias as tf.Tensor1D)) as tf.Tensor2D;
    const twice = linear(tf.add(linear(h, shared), h), shared) as tf.Tensor2D;
    const [kept] = tf.split(twice, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
    return tf.mean(softmaxCrossEntropy(kept, tf.tensor1d([0, 1, 2, 0], 'int32')));
  };
  return { variables: [first, bias, shared, unused], loss };
}

const bitsOf = (tensor: tf.Tensor): number[] => [
  ...new Int32Array(Float32Array.from(tensor.dataSync()).buffer),
];

test('gradients are those of variableGrads, to the bit, and nothing is left behind', async () => {
  const { variables, loss } = network();
  const { value, grads } = tf.variableGrads(loss, variables.slice(0, 3));
  const before = tf.memory().numTensors;
  const seen: string[] = [];
  const own = await backward(loss, variables, ({ name }, gradient) => {
    seen.push(name);
    expect(bitsOf(gradient)).toEqual(bitsOf(grads[name]!));
    gradient.dispose();
  });
  // The last layer's weight is used first, too, so it comes before those of the first layer.
  expect(seen).toEqual([variables[2]!.name, ...seen.slice(1)]);
  expect(seen).toHaveLength(3);
  expect(bitsOf(own)).toEqual(bitsOf(value));
  own.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

describe('gradients that go through GELU together with a product', () => {
  const shapes = [
    [6, 5],
    [6, 6],
    [2, 6],
    [6, 2],
    [3, 6],
  ];
  type Ends = (wide: tf.Tensor, weights: tf.Tensor[], before: tf.Tensor) => tf.Tensor;
  const cases: [name: string, together: boolean, ends: Ends][] = [
    ['one use', true, (wide, [, square]) => linear(wide, square!)],
    [
      'a low-rank pair beside it',
      true,
      (wide, [, square, down, up]) => linear(linear(wide, down!), up!, undefined, linear(wide, square!)),
    ],
    ['another use behind it', true, (wide, [, square]) => tf.mul(linear(wide, square!), wide)],
    ['the same tensor twice', false, (wide, [, square]) => linear(wide, square!, undefined, wide)],
    [
      'another use of what GELU read',
      false,
      (wide, [, square], before) => tf.add(linear(wide, square!), before),
    ],
    ['no product last', false, (wide, [, square]) => tf.relu(tf.add(wide, linear(tf.relu(wide), square!)))],
  ];
  test.each(cases)('%s', async (_, together, ends) => {
    const x = tf.tensor2d(numbers(20, 5), [4, 5]);
    const variables = shapes.map((shape, i) => variable(shape, i));
    const loss = (): tf.Scalar => {
      const before = linear(x, variables[0]!);
      const last = linear(ends(gelu(before), variables, before), variables[4]!) as tf.Tensor2D;
      return tf.mean(softmaxCrossEntropy(last, tf.tensor1d([0, 1, 2, 0], 'int32')));
    };
    const used = variables.filter((each) => {
      const { tape } = record(loss);
      return tape.some(({ inputs }) => Object.values(inputs).some(({ id }) => id === each.id));
    });
    const { grads } = tf.variableGrads(loss, used);
    const before = tf.memory().numTensors;
    let seen = 0;
    const { kernelNames } = await tf.profile(async () => {
      const value = await backward(loss, variables, ({ name }, gradient) => {
        expect(bitsOf(gradient)).toEqual(bitsOf(grads[name]!));
        gradient.dispose();
        seen += 1;
      });
      value.dispose();
      return [];
    });
    expect(seen).toBe(used.length);
    expect(kernelNames.includes('EigenloomGeluGradient')).toBe(!together);
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('a variable may be changed once its gradient is there, without changing those that follow', async () => {
  const expected = network();
  const { grads } = tf.variableGrads(expected.loss, expected.variables.slice(0, 3));
  const { variables, loss } = network();
  await backward(loss, variables, async (own, gradient) => {
    const at = variables.indexOf(own);
    expect(bitsOf(gradient)).toEqual(bitsOf(grads[expected.variables[at]!.name]!));
    await Promise.resolve();
    tf.tidy(() => {
      own.assign(tf.fill(own.shape, 1e9));
    });
    gradient.dispose();
  });
});

test('what is not recorded is a constant, and keeps nothing', async () => {
  const w = variable([3, 3], 1);
  const target = tf.tensor2d(numbers(9, 2), [3, 3]);
  // The distance to what another pass over the same weights gives: its gradient is that of the distance to a constant.
  const other = (): tf.Tensor2D => tf.relu(tf.matMul(tf.relu(target), w as tf.Tensor2D));
  const constant = tf.tidy(other);
  const distance = (to: tf.Tensor2D): tf.Scalar => tf.sum(tf.squaredDifference(w, to));
  const { value: before, grads } = tf.variableGrads(() => distance(constant), [w]);
  const count = tf.memory().numTensors;
  let held = 0;
  const value = await backward(
    () => {
      const start = tf.memory().numTensors;
      const made = unrecorded(other);
      held = tf.memory().numTensors - start;
      return distance(made);
    },
    [w],
    (_, gradient) => {
      expect(bitsOf(gradient)).toEqual(bitsOf(grads[w.name]!));
      gradient.dispose();
    },
  );
  expect(held).toBe(1);
  expect(bitsOf(value)).toEqual(bitsOf(before));
  value.dispose();
  expect(tf.memory().numTensors).toBe(count);
  expect(() =>
    unrecorded(() => {
      throw new Error('broken');
    }),
  ).toThrow('broken');
  expect(tf.variableGrads(() => tf.sum(tf.square(w)), [w]).grads[w.name]!.size).toBe(9);
});

test('a loss may hold a gradient of its own, such as a penalty on the slope of a critic', async () => {
  const w = variable([3, 3], 1);
  const x = tf.tensor2d(numbers(6, 2), [2, 3]);
  const critic = (input: tf.Tensor): tf.Scalar =>
    tf.sum(tf.square(tf.matMul(input as tf.Tensor2D, w as tf.Tensor2D)));
  const loss = (): tf.Scalar => tf.sum(tf.square(tf.grad(critic)(x)));
  const { grads } = tf.variableGrads(loss, [w]);
  let found: number[] = [];
  const value = await backward(loss, [w], (_, gradient) => {
    found = bitsOf(gradient);
    gradient.dispose();
  });
  expect(found).toEqual(bitsOf(grads[w.name]!));
  value.dispose();
});

test('gradients that are given away are not returned', async () => {
  const { variables, loss } = network();
  const before = tf.memory().numTensors;
  const names: string[] = [];
  const taken = await gradientsOf(() => ({ loss: { value: loss() } }))(
    1,
    new Map(variables.map((each, i) => [`v${i}`, each])),
    (name, gradient) => {
      names.push(name);
      gradient.dispose();
      return Promise.resolve();
    },
  );
  expect(names.sort()).toEqual(['v0', 'v1', 'v2']);
  expect(taken.gradients.size).toBe(0);
  expect(tf.memory().numTensors).toBe(before);
});

test('errors leave nothing behind', async () => {
  const { variables, loss } = network();
  const before = tf.memory().numTensors;
  const broken = (): tf.Scalar => {
    loss();
    throw new Error('broken');
  };
  await expect(backward(broken, variables, () => undefined)).rejects.toThrow('broken');
  const refusing = (_: tf.Variable, gradient: tf.Tensor): void => {
    gradient.dispose();
    throw new Error('refused');
  };
  await expect(backward(loss, variables, refusing)).rejects.toThrow('refused');
  await expect(backward(loss, variables.slice(3), () => undefined)).rejects.toThrow('does not depend');
  await expect(
    gradientsOf(() => ({ loss: { value: tf.mul<tf.Scalar>(loss(), NaN) } }))(
      3,
      new Map([['v', variables[0]!]]),
    ),
  ).rejects.toMatchObject({
    reason: 'NON_FINITE_LOSS',
    message: expect.stringContaining('step 3') as string,
  });
  expect(tf.memory().numTensors).toBe(before);
});

test('losses are summed by weight and told apart, or combined by their own gradients', async () => {
  const w = variable([3], 1);
  const losses = (): Record<string, { value: tf.Scalar; weight?: number }> => ({
    square: { value: tf.sum(tf.square(w)) },
    line: { value: tf.sum(w), weight: 0.5 },
  });
  const parameters = new Map([['w', w]]);
  const values = [...numbers(3, 1)];
  const sum = await gradientsOf(losses)(1, parameters);
  expect(Object.keys(sum.losses!)).toEqual(['square', 'line']);
  expect(sum.loss).toBeCloseTo(sum.losses!['square']! + 0.5 * sum.losses!['line']!, 6);
  const [own] = [...sum.gradients.values()];
  values.forEach((value, i) => {
    expect(own!.dataSync()[i]).toBeCloseTo(2 * value + 0.5, 6);
  });
  const combined = await gradientsOf(losses, (byLoss) => {
    const [square, line] = [...byLoss.values()];
    return new Map([['w', tf.tidy(() => tf.sub(square!.get('w')!, line!.get('w')!))]]);
  })(1, parameters);
  expect(combined.loss).toBeCloseTo(sum.loss, 6);
  values.forEach((value, i) => {
    expect(combined.gradients.get('w')!.dataSync()[i]).toBeCloseTo(2 * value - 1, 6);
  });
});

describe('a part that is computed again for its gradient', () => {
  const WIDTH = 6;
  const DEPTH = 4;

  /** Layers with a weight each, one that all share twice in each, a constant from outside, and a tensor that depends on a variable. */
  const layers = (): {
    variables: tf.Variable[];
    loss: (part: typeof recomputed) => tf.Scalar;
    runs: () => number;
  } => {
    const own = Array.from({ length: DEPTH }, (_, i) => variable([WIDTH, WIDTH], i));
    const [shared, scale] = [variable([WIDTH, WIDTH], 9), variable([WIDTH], 10)];
    const x = tf.tensor2d(numbers(4 * WIDTH, 5), [4, WIDTH]);
    let runs = 0;
    const loss = (part: typeof recomputed): tf.Scalar => {
      const mask = tf.add(tf.zeros([4, 1]), 0.5);
      const factor = tf.square(scale);
      let hidden: tf.Tensor2D = x;
      const seen: tf.Tensor2D[] = [];
      for (const w of own) {
        hidden = part(hidden, (input) => {
          runs += 1;
          const middle = linear(linear(tf.mul(input, mask), shared), w, undefined, input);
          return tf.add<tf.Tensor2D>(tf.mul(linear(middle, shared), factor), input);
        });
        seen.push(hidden);
      }
      const features = tf.mean(tf.square(seen[1] ?? hidden));
      return tf.add(tf.mean(softmaxCrossEntropy(hidden, tf.tensor1d([0, 1, 2, 0], 'int32'))), features);
    };
    return { variables: [...own, shared, scale], loss, runs: () => runs };
  };
  const gradientsOf = async (
    { variables, loss }: ReturnType<typeof layers>,
    part: typeof recomputed,
  ): Promise<number[][]> => {
    const found = new Map<tf.Variable, number[]>();
    const value = await backward(
      () => loss(part),
      variables,
      (own, gradient) => {
        found.set(own, bitsOf(gradient));
        gradient.dispose();
      },
    );
    const all = [...variables.map((own) => found.get(own) ?? []), bitsOf(value)];
    value.dispose();
    return all;
  };
  const kept: typeof recomputed = (x, run) => run(x);

  test('has the same gradients to the bit, and leaves nothing behind', async () => {
    const network = layers();
    const plain = await gradientsOf(network, kept);
    const before = tf.memory().numTensors;
    expect(await gradientsOf(network, recomputed)).toEqual(plain);
    expect(network.runs()).toBe(3 * DEPTH);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('is run once where nothing is recorded', () => {
    const { loss, runs } = layers();
    const before = tf.memory().numTensors;
    tf.tidy(() => loss(recomputed)).dispose();
    expect(runs()).toBe(DEPTH);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('keeps less for the gradient', async () => {
    const { variables, loss } = layers();
    const held: number[] = [];
    for (const part of [kept, recomputed]) {
      const look = (): void => {
        held.push(tf.memory().numBytes);
      };
      const value = await backward(
        () => loss(part),
        variables,
        (_own, gradient) => {
          gradient.dispose();
        },
        look,
      );
      value.dispose();
    }
    const [all = 0, inputs = 0] = held;
    expect(inputs).toBeLessThan(all);
  });
});
