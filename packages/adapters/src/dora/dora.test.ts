import { setBackend, tf } from '@eigenloom/engine';
import { randomNormals, streamKey } from '@eigenloom/numeric';

import { ADAPTERS } from '../registry.js';
import type { FactorValues, Site } from '../parametrisation.js';
import { hooksOf } from './forward.js';
import { foldOf } from './fold.js';
import { settingsOf } from '../lora/spec.js';

const [N, IN, OUT, RANK, SCALE] = [3, 5, 4, 2, 1.5];
const site: Site<'linear'> = {
  kind: 'linear',
  path: 'm',
  name: 'm',
  index: 0,
  in: IN,
  out: OUT,
  bias: false,
};
const parameters = { rank: RANK, alpha: SCALE * RANK, rankStabilized: false, dropout: 0 };
const settings = settingsOf(parameters, 'dora');

const random = (name: string, length: number): Float32Array => randomNormals(streamKey(5n, name), length, 1);
const [x, w, a, b, g] = (
  [
    ['x', N * IN],
    ['w', OUT * IN],
    ['a', RANK * IN],
    ['b', OUT * RANK],
    ['g', N * OUT],
  ] as const
).map(([name, length]) => random(name, length)) as [
  Float32Array,
  Float32Array,
  Float32Array,
  Float32Array,
  Float32Array,
];
const m = random('m', OUT).map(Math.abs);

/** u [i, k] · v [k, j], with either one read by a function of its indices. */
const product = (
  rows: number,
  inner: number,
  columns: number,
  u: (i: number, k: number) => number,
  v: (k: number, j: number) => number,
): number[] =>
  Array.from({ length: rows * columns }, (_, at) => {
    const [i, j] = [Math.floor(at / columns), at % columns];
    return Array.from({ length: inner }, (_k, k) => u(i, k) * v(k, j)).reduce((sum, value) => sum + value, 0);
  });

beforeAll(() => setBackend('cpu'));

// Of the loss Σ G∘y with c constant: ∂/∂B = s·(c∘G)ᵀ·x·Aᵀ and ∂/∂A = s·Bᵀ·(c∘G)ᵀ·x (arXiv:2402.09353, equation 11).
test('the gradient of the pair is that with the norm held constant', () => {
  const ba = product(
    OUT,
    RANK,
    IN,
    (i, k) => b[i * RANK + k]!,
    (k, j) => a[k * IN + j]!,
  );
  const sums = Array.from(w, (value, i) => value + SCALE * ba[i]!);
  const c = Array.from(m, (value, i) => value / Math.hypot(...sums.slice(i * IN, (i + 1) * IN)));
  const cg = Array.from(g, (value, i) => value * c[i % OUT]!);
  const cgx = product(
    OUT,
    N,
    IN,
    (i, k) => cg[k * OUT + i]!,
    (k, j) => x[k * IN + j]!,
  );
  const ofB = product(
    OUT,
    IN,
    RANK,
    (i, k) => SCALE * cgx[i * IN + k]!,
    (k, j) => a[j * IN + k]!,
  );
  const ofA = product(
    RANK,
    OUT,
    IN,
    (i, k) => SCALE * b[k * RANK + i]!,
    (k, j) => cgx[k * IN + j]!,
  );

  const tensors = {
    lora_A: tf.tensor2d(a, [RANK, IN]),
    lora_B: tf.tensor2d(b, [OUT, RANK]),
    lora_magnitude_vector: tf.tensor1d(m),
  };
  const [input, weight] = [tf.tensor2d(x, [N, IN]), tf.tensor2d(w, [OUT, IN])];
  const base = { y: tf.matMul<tf.Tensor2D>(input, weight, false, true), weight, bias: undefined };
  const loss = (lora_A: tf.Tensor, lora_B: tf.Tensor): tf.Scalar => {
    const hook = hooksOf(settings).linear!(site, (part) => ({ ...tensors, lora_A, lora_B })[part]);
    const context = { training: undefined, weight: () => weight };
    return tf.sum(tf.mul(hook(input, base, context), tf.tensor2d(g, [N, OUT])));
  };
  const [gotA, gotB] = tf
    .grads(loss as never)([tensors.lora_A, tensors.lora_B])
    .map((t) => t.dataSync());
  ofA.forEach((value, i) => {
    expect(gotA![i]).toBeCloseTo(value, 4);
  });
  ofB.forEach((value, i) => {
    expect(gotB![i]).toBeCloseTo(value, 4);
  });
});

test('a row of zeros stays one', async () => {
  const zeros = new Float64Array(OUT * IN);
  const none = (part: string): Float64Array =>
    new Float64Array(part === 'lora_A' ? RANK * IN : part === 'lora_B' ? OUT * RANK : OUT);
  expect(await foldOf(settings).weight({ kind: 'linear', name: 'm', shape: [OUT, IN] }, zeros, none)).toEqual(
    zeros,
  );
});

// The residual is W − s·B₀·A₀, so both give m·(W + s·(B·A − B₀·A₀))/‖·‖.
test('an adapter of a changed base becomes one of the model before', async () => {
  const { method } = ADAPTERS.create({ $case: 'dora', value: parameters });
  const pair = (name: string): FactorValues[] => [
    { part: 'lora_A', module: 'm', shape: [RANK, IN], data: random(`${name}A`, RANK * IN) },
    { part: 'lora_B', module: 'm', shape: [OUT, RANK], data: random(`${name}B`, OUT * RANK) },
    { part: 'lora_magnitude_vector', module: 'm', shape: [OUT], data: m },
  ];
  const folded = async (
    as: typeof method,
    weight: Float64Array,
    factors: readonly FactorValues[],
  ): Promise<Float64Array> => {
    const of = (part: string): Float64Array => Float64Array.from(factors.find((f) => f.part === part)!.data);
    return as.fold!.weight({ kind: 'linear', name: 'm', shape: [OUT, IN] }, weight, of);
  };
  const [start, trained] = [pair('start'), pair('trained')];
  const model = Float64Array.from(w);
  const [a0, b0] = start.map(({ data }) => data);
  const taken = product(
    OUT,
    RANK,
    IN,
    (i, k) => b0![i * RANK + k]!,
    (k, j) => a0![k * IN + j]!,
  );
  const residual = model.map((value, i) => value - SCALE * taken[i]!);
  const { parametrisation, factors } = method.rebase!(trained, start);
  const [here, there] = [
    await folded(method, residual, trained),
    await folded(parametrisation, model, factors),
  ];
  here.forEach((value, i) => {
    expect(there[i]).toBeCloseTo(value, 12);
  });
});
