import { setThreads } from '@eigenloom/numeric';
import { tf } from '../../tf.js';
import { scaledDotProductAttention } from '../../ops/attention.js';
import { adamUpdate } from '../../ops/adam.js';
import { gelu } from '../../ops/gelu.js';
import { globalNorm } from '../../ops/global-norm.js';
import { layerNorm } from '../../ops/layer-norm.js';
import { linear } from '../../ops/linear.js';
import { rmsNorm } from '../../ops/rms-norm.js';
import { silu } from '../../ops/silu.js';
import { softmaxCrossEntropy } from '../../ops/softmax-cross-entropy.js';
import { NATIVE_KERNELS } from '../native.js';
import { setBackend } from '../set-backend.js';

type Run = (...inputs: tf.Tensor[]) => tf.Tensor;
interface Case {
  readonly name: string;
  readonly kernels: readonly string[];
  readonly run: Run;
  readonly inputs: readonly (readonly number[])[];
  /** All inputs above zero. */
  readonly positive?: boolean;
}

// Both sides round sums of at most a few hundred terms of size 1, each term within 2^-24 of its value; tf.js's own erf, a
// polynomial of Abramowitz & Stegun 7.1.26, adds an absolute error of 1.5e-7.
const RELATIVE = 2e-5;
const ABSOLUTE = 4e-6;

/** Numbers of about size 1 that depend on their index alone. */
function values(shape: readonly number[], seed: number, positive = false): Float32Array {
  const size = shape.reduce((a, b) => a * b, 1);
  return Float32Array.from({ length: size }, (_, i) => {
    const x = Math.sin((i + 1) * 12.9898 + seed * 78.233) * 43758.5453;
    const unit = x - Math.floor(x);
    return positive ? 0.2 + unit : 3 * unit - 1.5;
  });
}

/** The result and, weighted by fixed numbers, the gradient of each input, on the current backend. */
async function evaluate({ run, inputs, positive }: Case): Promise<Float32Array[]> {
  const tensors = inputs.map((shape, i) => tf.tensor(values(shape, i, positive), [...shape]));
  const y = tf.tidy(() => run(...tensors));
  const weights = tf.tensor(values(y.shape, 99), y.shape);
  const scalar = (...x: tf.Tensor[]): tf.Scalar => tf.sum(tf.mul(run(...x), weights));
  const gradients = tf.grads(scalar)(tensors);
  const all = [y, ...gradients];
  return Promise.all(all.map(async (t) => Float32Array.from(await t.data<'float32'>())));
}

function agree(actual: Float32Array, expected: Float32Array): void {
  expect(actual.length).toBe(expected.length);
  for (const [i, want] of expected.entries()) {
    const got = actual[i] ?? NaN;
    if (Object.is(got, want) || got === want) continue;
    const near = Math.abs(got - want) <= ABSOLUTE + RELATIVE * Math.abs(want);
    if (!near) throw new Error(`element ${String(i)}: ${String(got)}, not ${String(want)}`);
  }
}

const matmuls: Case[] = [false, true].flatMap((ta) =>
  [false, true].flatMap((tb) =>
    [
      { batchA: [], batchB: [], m: 7, n: 5, k: 3 },
      { batchA: [3], batchB: [3], m: 33, n: 17, k: 65 },
      { batchA: [9], batchB: [9], m: 4, n: 6, k: 5 },
      { batchA: [3], batchB: [1], m: 5, n: 4, k: 6 },
      { batchA: [1], batchB: [3], m: 5, n: 4, k: 6 },
      { batchA: [], batchB: [], m: 1, n: 1, k: 1 },
    ].map(({ batchA, batchB, m, n, k }): Case => ({
      name: `matMul ${[...batchA, m, k].join('x')} ${[...batchB, k, n].join('x')} ${String(ta)} ${String(tb)}`,
      kernels: [tf.BatchMatMul],
      run: (a, b) => tf.matMul(a, b, ta, tb),
      inputs: [
        [...batchA, ...(ta ? [k, m] : [m, k])],
        [...batchB, ...(tb ? [n, k] : [k, n])],
      ],
    })),
  ),
);

const elementwise: Case[] = [
  ...(
    [
      ['Neg', tf.neg],
      ['Exp', tf.exp],
      ['Log', tf.log],
      ['Sqrt', tf.sqrt],
      ['Rsqrt', tf.rsqrt],
      ['Square', tf.square],
      ['Abs', tf.abs],
      ['Tanh', tf.tanh],
      ['Sigmoid', tf.sigmoid],
      ['Relu', tf.relu],
      ['Erf', tf.erf],
      ['Reciprocal', tf.reciprocal],
      ['EigenloomGelu', gelu],
      ['EigenloomSilu', silu],
    ] as [string, Run][]
  ).flatMap(([name, run]): Case[] => {
    const positive = ['Log', 'Sqrt', 'Rsqrt', 'Reciprocal'].includes(name);
    const kernels = name.startsWith('Eigenloom') ? [name, `${name}Gradient`] : [name];
    return [[3, 7], [20_011], [0, 4], []].map((shape) => ({
      name: `${name} ${shape.join('x')}`,
      kernels,
      run,
      inputs: [shape],
      positive,
    }));
  }),
  ...(
    [
      ['Add', tf.add],
      ['Sub', tf.sub],
      ['Multiply', tf.mul],
      ['RealDiv', tf.div],
      ['Maximum', tf.maximum],
      ['Minimum', tf.minimum],
      ['SquaredDifference', tf.squaredDifference],
    ] as [string, Run][]
  ).flatMap(([name, run]): Case[] =>
    [
      [
        [5, 7],
        [5, 7],
      ],
      [[5, 7], [7]],
      [
        [5, 1],
        [1, 7],
      ],
      [
        [3, 1, 4, 1],
        [5, 1, 6],
      ],
      [[], [4, 3]],
      [
        [170, 129],
        [170, 1],
      ],
      [[0, 3], [3]],
    ].map(([a = [], b = []]): Case => ({
      name: `${name} ${a.join('x')} ${b.join('x')}`,
      kernels: [name],
      run,
      inputs: [a, b],
      positive: name === 'RealDiv',
    })),
  ),
];

const axes: Case[] = [
  ...(
    [
      ['Sum', tf.sum],
      ['Mean', tf.mean],
      ['Max', tf.max],
    ] as [string, (x: tf.Tensor, axis?: number[], keep?: boolean) => tf.Tensor][]
  ).flatMap(([name, run]): Case[] =>
    [
      { shape: [5, 7, 3], axis: [2] },
      { shape: [5, 7, 3], axis: [0] },
      { shape: [5, 7, 3], axis: [1] },
      { shape: [5, 7, 3], axis: [0, 1] },
      { shape: [5, 7, 3], axis: [0, 2] },
      { shape: [700, 33], axis: [0] },
      { shape: [5, 7], axis: undefined },
    ].flatMap(({ shape, axis }) =>
      [false, true].map((keep) => ({
        name: `${name} of ${shape.join('x')} over ${axis?.join() ?? 'all'} ${String(keep)}`,
        kernels: [name],
        run: (x: tf.Tensor) => run(x, axis, keep),
        inputs: [shape],
      })),
    ),
  ),
  ...[
    { shape: [5, 7], perm: [1, 0] },
    { shape: [2, 3, 4, 5], perm: [0, 2, 1, 3] },
    { shape: [2, 3, 4, 5], perm: [3, 1, 0, 2] },
    { shape: [70, 1, 65], perm: [2, 1, 0] },
    { shape: [0, 3], perm: [1, 0] },
  ].map(({ shape, perm }): Case => ({
    name: `Transpose ${shape.join('x')} to ${perm.join()}`,
    kernels: [tf.Transpose],
    run: (x) => tf.transpose(x, perm),
    inputs: [shape],
  })),
  ...[0, 1, -1].map((axis): Case => ({
    name: `GatherV2 along ${String(axis)}`,
    kernels: [tf.GatherV2, tf.UnsortedSegmentSum],
    run: (x) =>
      tf.gather(
        x,
        tf.tensor2d(
          [
            [3, 0],
            [3, 2],
          ],
          [2, 2],
          'int32',
        ),
        axis,
      ),
    inputs: [[5, 6, 4]],
  })),
];

const rows: Case[] = [
  ...[
    [4, 7],
    [2, 3, 65],
    [300, 129],
    [0, 5],
  ].flatMap((shape): Case[] => {
    const width = shape.at(-1) ?? 1;
    const parameters = ['InputGradient', 'ParametersGradient'].map((part) => `EigenloomLayerNorm${part}`);
    return [
      {
        name: `layerNorm ${shape.join('x')}`,
        kernels: ['EigenloomLayerNorm', ...parameters],
        run: (x, g, b) => layerNorm(x, g, b, 1e-5),
        inputs: [shape, [width], [width]],
      },
      {
        name: `rmsNorm ${shape.join('x')}`,
        kernels: ['EigenloomRmsNorm', 'EigenloomRmsNormInputGradient'],
        run: (x, g) => rmsNorm(x, g, 1e-5),
        inputs: [shape, [width]],
      },
      {
        name: `softmax ${shape.join('x')}`,
        kernels: [tf.Softmax],
        run: (x) => tf.softmax(x),
        inputs: [shape],
      },
      {
        name: `logSoftmax ${shape.join('x')}`,
        kernels: [tf.LogSoftmax],
        run: (x) => tf.logSoftmax(x),
        inputs: [shape],
      },
    ];
  }),
  {
    name: 'softmaxCrossEntropy with padding',
    kernels: ['EigenloomSoftmaxCrossEntropy', 'EigenloomSoftmaxCrossEntropyGradient'],
    run: (x) => softmaxCrossEntropy(x, tf.tensor1d([2, -100, 0, 16], 'int32')),
    inputs: [[4, 17]],
  },
  ...[
    [5, 7],
    [2, 3, 7],
    [0, 7],
  ].map((shape): Case => ({
    name: `linear ${shape.join('x')}`,
    kernels: ['EigenloomLinear'],
    run: (x, w, b) => linear(x, w, b),
    inputs: [shape, [9, 7], [9]],
  })),
  {
    name: 'fused matMul with bias',
    kernels: [tf._FusedMatMul],
    run: (a, b, bias) => tf.fused.matMul({ a: a, b: b, bias: bias, transposeB: true }),
    inputs: [[5, 7], [9, 7], [9]],
  },
];

const attention: Case[] = [
  { kv: 4, queries: 5, keys: 5, causal: false, mask: true },
  { kv: 4, queries: 5, keys: 5, causal: true, mask: false },
  { kv: 2, queries: 3, keys: 7, causal: true, mask: true },
  { kv: 1, queries: 70, keys: 67, causal: false, mask: true },
].map(({ kv, queries, keys, causal, mask }): Case => ({
  name: `attention of ${String(queries)} to ${String(keys)}, 4 to ${String(kv)} heads ${String(causal)} ${String(mask)}`,
  kernels: ['EigenloomAttention', 'EigenloomAttentionGradient'],
  run: (q, k, v) =>
    scaledDotProductAttention(q, k, v, {
      causal,
      mask: mask
        ? tf.tensor2d(
            Array.from({ length: 2 * keys }, (_, i) => (i % keys < 2 ? 1 : i % 3 === 0 ? 0 : 1)),
            [2, keys],
            'int32',
          )
        : undefined,
    }),
  inputs: [
    [2, queries, 4, 8],
    [2, keys, kv, 8],
    [2, keys, kv, 8],
  ],
}));

const CASES = [...matmuls, ...elementwise, ...axes, ...rows, ...attention];

afterAll(() => {
  setThreads(0);
});

test('every native kernel is compared', () => {
  const compared = new Set(CASES.flatMap((c) => c.kernels));
  expect([...NATIVE_KERNELS.keys()].filter((name) => !compared.has(name))).toEqual([]);
});

test.each(CASES)('$name', async (item) => {
  await setBackend('cpu');
  const expected = await evaluate(item);
  await setBackend('native');
  const actual = await evaluate(item);
  expect(actual.length).toBe(expected.length);
  for (const [i, part] of expected.entries()) agree(actual[i] ?? new Float32Array(0), part);
});

// Without −∞: there the composition of gelu and silu is −∞ · 0, NaN, where the kernel of gelu takes the limit, 0.
const SPECIAL = [NaN, Infinity, 0, -0, 1, -1, 1e-40, 3e38, -200, 200];

test.each(elementwise.filter((c) => c.name.endsWith(' 3x7')))('$name of special numbers', async ({ run }) => {
  const results: Float32Array[] = [];
  for (const backend of ['cpu', 'native'] as const) {
    await setBackend(backend);
    results.push(Float32Array.from(await run(tf.tensor1d(SPECIAL)).data<'float32'>()));
  }
  const [cpu = new Float32Array(0), native = new Float32Array(0)] = results;
  agree(native, cpu);
});

test('NaN and infinity pass products, sums and maxima', async () => {
  await setBackend('native');
  const a = tf.tensor2d([NaN, 1, Infinity, 1], [2, 2]);
  expect([...(await tf.matMul(a, tf.ones([2, 1])).data())]).toEqual([NaN, Infinity]);
  expect([...(await tf.max(a, 1).data())]).toEqual([NaN, Infinity]);
  expect([...(await tf.sum(a, 1).data())]).toEqual([NaN, Infinity]);
});

test('partly broadcast batches, against the product of each', async () => {
  await setBackend('native');
  const [a, b] = [
    tf.tensor(values([2, 1, 3, 4], 0), [2, 1, 3, 4]),
    tf.tensor(values([5, 4, 2], 1), [5, 4, 2]),
  ];
  const all = tf.matMul(a, b);
  expect(all.shape).toEqual([2, 5, 3, 2]);
  const one = tf.matMul(
    tf.reshape(tf.slice(a, [1, 0, 0, 0], [1, 1, 3, 4]), [3, 4]),
    tf.reshape(tf.slice(b, 3, 1), [4, 2]),
  );
  agree(await tf.slice(all, [1, 3, 0, 0], [1, 1, 3, 2]).data<'float32'>(), await one.data<'float32'>());
});

test('results do not depend on the number of threads', async () => {
  await setBackend('native');
  const run = async (threads: number): Promise<Float32Array> => {
    setThreads(threads);
    const x = tf.tensor(values([700, 300], 1), [700, 300]);
    const y = tf.softmax(tf.matMul(x, x, true, false));
    return Float32Array.from(await tf.concat([tf.sum(y, 0), tf.reshape(y, [-1])]).data<'float32'>());
  };
  expect(await run(3)).toEqual(await run(1));
});

test('adamUpdate and globalNorm, and in place only what nothing else refers to', async () => {
  const results: number[][] = [];
  for (const backend of ['cpu', 'native'] as const) {
    await setBackend(backend);
    const start = values([5, 7], 0);
    const source = tf.tensor(start, [5, 7]);
    const parameter = tf.variable(source);
    const state = { parameter, m: tf.variable(tf.zeros([5, 7])), v: tf.variable(tf.zeros([5, 7])) };
    const options = {
      learningRate: 0.01,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 0.1,
      gradientScale: 0.5,
    };
    for (const step of [1, 2, 3]) adamUpdate(state, tf.tensor(values([5, 7], step), [5, 7]), options, step);
    const read = await parameter.data<'float32'>();
    const before = [...read];
    adamUpdate(state, tf.tensor(values([5, 7], 9), [5, 7]), options, 4);
    expect([...read]).toEqual(before);
    expect([...(await source.data())]).toEqual([...values([5, 7], 0)]);
    expect([...start]).toEqual([...values([5, 7], 0)]);
    results.push([...(await parameter.data()), await globalNorm([parameter, state.m])]);
  }
  agree(Float32Array.from(results[1] ?? []), Float32Array.from(results[0] ?? []));
});
