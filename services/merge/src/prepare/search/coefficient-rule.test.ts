import { CoefficientRule, type RuleName } from './coefficient-rule.js';
import { addNormPenalty } from './norm-penalty.js';

const TENSORS = 3;
const MODELS = 2;
/** Any function of the coefficients, and its gradient. */
const cost = (coefficients: Float64Array): number =>
  coefficients.reduce((sum, value, i) => sum + Math.sin(value + i) + 0.1 * i * value * value, 0);
const costGradient = (coefficients: Float64Array): Float64Array =>
  coefficients.map((value, i) => Math.cos(value + i) + 0.2 * i * value);

const CASES = (['plain', 'unit', 'softmax'] as const).flatMap((name) =>
  [true, false].map((shared): [RuleName, boolean] => [name, shared]),
);

describe.each(CASES)('the rule %s, shared %p', (name, shared) => {
  const rule = new CoefficientRule({ name, shared, tensors: TENSORS, models: MODELS });
  const learned = Float32Array.from({ length: rule.size }, (_, i) => 0.45 + 0.3 * Math.sin(2 * i + 1));

  test('pulls gradients back as finite differences say', () => {
    const found = rule.pullBack(learned, costGradient(rule.of(learned)));
    // A power of two, so that moved numbers are exact in f32.
    const step = 2 ** -10;
    for (let i = 0; i < rule.size; i += 1) {
      const at = (by: number): number =>
        cost(rule.of(learned.map((value, k) => (k === i ? value + by : value))));
      expect(found[i]).toBeCloseTo((at(step) - at(-step)) / (2 * step), 4);
    }
  });

  test('has coefficients for every tensor', () => {
    const coefficients = rule.of(learned);
    expect(coefficients).toHaveLength(TENSORS * MODELS);
    const rows = Array.from({ length: TENSORS }, (_, t) => [
      ...coefficients.slice(t * MODELS, (t + 1) * MODELS),
    ]);
    if (shared) expect(rows.every((row) => row.join() === rows[0]?.join())).toBe(true);
    else expect(rows[0]).not.toEqual(rows[1]);
    if (name === 'softmax') for (const row of rows) expect(row[0]! + row[1]!).toBeCloseTo(1, 12);
  });
});

test('coefficients outside 0 and 1 are held there and do not move on', () => {
  const rule = new CoefficientRule({ name: 'unit', shared: false, tensors: 1, models: 3 });
  const learned = Float32Array.of(-0.5, 0.25, 1.5);
  expect([...rule.of(learned)]).toEqual([0, 0.25, 1]);
  expect([...rule.pullBack(learned, Float64Array.of(1, 2, 3))]).toEqual([0, 2, 0]);
});

test.each([1, 2, 3])('the gradient of the penalty with p = %p is that of finite differences', (p) => {
  const values = Float64Array.of(0.3, -0.7, 0, 0, 1.5, 0.2);
  const gradient = new Float64Array(values.length);
  addNormPenalty(values, MODELS, p, gradient);
  const penalty = (at: Float64Array): number => {
    const norms = [0, 2, 4].map((i) => (Math.abs(at[i]!) ** p + Math.abs(at[i + 1]!) ** p) ** (1 / p));
    return (0.5 * norms.reduce((sum, norm) => sum + norm, 0)) / 3;
  };
  for (const i of [0, 1, 4, 5]) {
    const moved = (by: number): number => penalty(values.map((value, k) => (k === i ? value + by : value)));
    expect(gradient[i]).toBeCloseTo((moved(1e-5) - moved(-1e-5)) / 2e-5, 8);
  }
  expect([gradient[2], gradient[3]]).toEqual([0, 0]);
});
