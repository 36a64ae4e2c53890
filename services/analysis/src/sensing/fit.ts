import { ARRIVED } from './descend.js';

/** Of a fit, evenly spaced: the curves are smooth, and more would hold up the event loop. */
const MAX_POINTS = 2000;

/** A straight line through points. */
export interface Line {
  readonly slope: number;
  readonly intercept: number;
  /** Share of the variance that it explains. */
  readonly r2: number;
}

/** Where in a run a rate is read. */
export interface Rate extends Line {
  /** Steps, from and up to. */
  readonly from: number;
  readonly to: number;
}

/** Least squares. Two points at least. */
export function lineThrough(x: readonly number[], y: readonly number[]): Line {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  let [xx, xy, yy] = [0, 0, 0];
  for (const [i, value] of x.entries()) {
    const [dx, dy] = [value - mx, (y[i] ?? my) - my];
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
  }
  const slope = xy / xx;
  return { slope, intercept: my - slope * mx, r2: yy === 0 ? 1 : (xy * xy) / (xx * yy) };
}

/**
 * ln e² against t, or against ln t, over the second half of the steps from `start` on: the first half is on its way to the rate.
 * Undefined where fewer than two steps are left. `slope` is per step, or the power of t.
 */
export function rateOf(errors: readonly number[], start: number, time: 'steps' | 'log'): Rate | undefined {
  const to = (errors.at(-1) ?? 0) < ARRIVED ? errors.length - 1 : errors.length;
  const from = start + Math.floor((to - start) / 2);
  if (to - from < 2) return undefined;
  const apart = Math.ceil((to - from) / MAX_POINTS);
  const steps = Array.from({ length: Math.ceil((to - from) / apart) }, (_, i) => from + i * apart);
  const x = time === 'log' ? steps.map((step) => Math.log(step + 1)) : steps;
  const y = steps.map((step) => 2 * Math.log(errors[step] ?? 1));
  return { ...lineThrough(x, y), from, to };
}
