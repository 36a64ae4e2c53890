import { rateOf } from './fit.js';

const run = (of: (step: number) => number): number[] => Array.from({ length: 1000 }, (_, i) => of(i + 1));

test('finds the rate of an exponential, and the power of a power law, of the squared error', () => {
  const exponential = rateOf(
    run((t) => 3 * Math.exp(-0.01 * t)),
    0,
    'steps',
  );
  expect(exponential).toMatchObject({ from: 500, to: 1000 });
  expect(exponential?.slope).toBeCloseTo(-0.02, 10);
  expect(exponential?.r2).toBeCloseTo(1, 10);
  const power = rateOf(
    run((t) => 5 / t),
    0,
    'log',
  );
  expect(power?.slope).toBeCloseTo(-2, 10);
  expect(power?.r2).toBeCloseTo(1, 10);
});

test('reads it after the start that it is given, and leaves out the step that arrived', () => {
  const errors = [...run((t) => Math.exp(-0.02 * t)), 1e-13];
  expect(rateOf(errors, 600, 'steps')).toMatchObject({ from: 800, to: 1000 });
  expect(rateOf(errors, 999, 'steps')).toBeUndefined();
});
