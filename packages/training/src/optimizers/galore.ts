import type { Definition, ParametersOf } from '@eigenloom/contracts';
import { type AdamState, adamUpdate, tf } from '@eigenloom/engine';
import { svd } from '@eigenloom/numeric';
import type { OptimizerChoice } from '../choice.js';
import { ADAMW_DEFAULTS, adamwRule } from './adamw.js';
import { eightBitSlots, withEightBitMoments } from './eight-bit-moments.js';
import type { Move, Moving, OptimizerRule } from './optimizer-rule.js';
import { within } from './within.js';

const MAX_UINT32 = 0xffff_ffff;
const MAX_SCALE = 1000;

interface GaLoreSettings {
  /** r; null for a quarter of the smaller side, rounded up: the share in the paper's larger models. */
  readonly rank: number | null;
  /** T, in steps. */
  readonly updateInterval: number;
  /** α. */
  readonly scale: number;
  /** Of the moments of matrices. */
  readonly eightBit: boolean;
}

/** How the gradient of a matrix, G: m × n, is projected: R = PᵀG for m ≤ n, else R = GP, with P of the smaller side by r. */
interface Projection {
  readonly rows: number;
  readonly columns: number;
  readonly isLeft: boolean;
  readonly projector: readonly [side: number, rank: number];
  /** Shape of R, and of its moments. */
  readonly projected: readonly [number, number];
}

/** None for vectors and scalars. A tensor of more axes is the matrix of its first axis by the rest. */
function projectionOf(shape: readonly number[], rank: number | null): Projection | null {
  const [rows, ...rest] = shape;
  if (rows === undefined || rest.length === 0) return null;
  const columns = rest.reduce((product, size) => product * size, 1);
  const side = Math.min(rows, columns);
  const r = Math.min(side, rank ?? Math.ceil(side / 4));
  const isLeft = rows <= columns;
  return { rows, columns, isLeft, projector: [side, r], projected: isLeft ? [r, columns] : [rows, r] };
}

/**
 * The r leading singular vectors of the smaller side as columns of P. Each has the sign that makes its largest component positive: the
 * moments outlive a projector, so a sign that is the library's choice would be part of the result.
 */
async function projectorOf(
  gradient: tf.Tensor,
  { rows, columns, isLeft, projector }: Projection,
): Promise<Float32Array> {
  const data = (await gradient.data()) as Float32Array;
  const { u, vt } = await svd({ rows, columns, data }, { vectors: 'thin' });
  const [side, rank] = projector;
  const p = new Float32Array(side * rank);
  for (let k = 0; k < rank; k += 1) {
    const of = (i: number): number => (isLeft ? u.data[i * u.columns + k] : vt.data[k * vt.columns + i]) ?? 0;
    let largest = 0;
    for (let i = 0; i < side; i += 1) if (Math.abs(of(i)) > Math.abs(largest)) largest = of(i);
    for (let i = 0; i < side; i += 1) p[i * rank + k] = largest < 0 ? -of(i) : of(i);
  }
  return p;
}

/** x ← (1 − rate · decay) · x − rate · α · P N, with Adam's step N of the projected gradient. */
function move(
  { variable, gradient, slots }: Moving,
  { rows, columns, isLeft, projected }: Projection,
  { step, rate, weightDecay, gradientScale }: Move,
  scale: number,
  moments: Pick<AdamState, 'm' | 'v'>,
): void {
  const moved = tf.tidy(() => tf.variable(tf.zeros([...projected]), false));
  tf.tidy(() => {
    const p = slots.tensor('projector');
    const g = tf.reshape(gradient, [rows, columns]);
    const r = isLeft ? tf.matMul(p, g, true, false) : tf.matMul(g, p);
    const options = { ...ADAMW_DEFAULTS, learningRate: rate * scale, weightDecay: 0, gradientScale };
    adamUpdate({ parameter: moved, ...moments }, r, options, step);
    const back = isLeft ? tf.matMul(p, moved) : tf.matMul(moved, p, false, true);
    const kept = tf.mul(variable, 1 - rate * weightDecay);
    variable.assign(tf.add(kept, tf.reshape(back, variable.shape)));
  });
  moved.dispose();
}

/** GaLore. Zhao et al. 2024, arXiv:2403.03507, Algorithm 2: Adam on gradients that a projector P, of every T-th gradient, makes small. */
function galoreRule({ rank, updateInterval, scale, eightBit }: GaLoreSettings): OptimizerRule {
  const adam = adamwRule();
  const matrix = (shape: readonly number[]): Projection | null => projectionOf(shape, rank);
  return {
    name: 'GaLore',
    settings: `rank ${rank ?? 'a quarter'}, T ${updateInterval}, α ${scale}; ${adam.settings}${eightBit ? '; moments of 8 bits' : ''}`,
    // With the default α, matrices move as far as with AdamW at its rate.
    defaultRate: (trained) => 4 * adam.defaultRate(trained),
    oneByOne: true,
    slots(parameter) {
      const found = matrix(parameter.shape);
      if (found === null) return adam.slots(parameter);
      const { name } = parameter;
      const moments = eightBit
        ? eightBitSlots(found.projected)
        : adam.slots({ name, shape: found.projected });
      return [{ name: 'projector', shape: found.projector, dtype: 'float32' }, ...moments];
    },
    async prepare(moving, { step }) {
      if ((step - 1) % updateInterval !== 0) return;
      for (const { gradient, slots } of moving) {
        const found = matrix(gradient.shape);
        if (found === null) continue;
        const p = await projectorOf(gradient, found);
        tf.tidy(() => {
          slots.tensor('projector').assign(tf.tensor(p, [...found.projector]));
        });
      }
    },
    update(moving, own) {
      const found = matrix(moving.variable.shape);
      if (found === null) return adam.update(moving, own);
      const { slots } = moving;
      if (eightBit)
        return withEightBitMoments(slots, found.projected, (m, v) => {
          move(moving, found, own, scale, { m, v });
        });
      move(moving, found, own, scale, { m: slots.tensor('m'), v: slots.tensor('v') });
    },
  };
}

export const galore: Definition<ParametersOf<OptimizerChoice, 'galore'>, OptimizerRule> = {
  summary: 'Adam on gradients projected to their leading singular vectors, so that its state is small',
  paper: 'arXiv:2403.03507',
  deviations:
    "Every matrix is projected, embeddings and heads too, which the authors' code leaves to AdamW; a tensor of more axes is the matrix of its first axis by the rest, and vectors have AdamW. A singular vector has the sign that makes its largest component positive. With `eight_bit`, blocks have 256 numbers, and a second moment that is not zero never rounds to zero.",
  create: ({ rank, updateInterval, scale, eightBit }, field) =>
    galoreRule({
      rank: rank === undefined ? null : within(`${field}.rank`, rank, 1, MAX_UINT32),
      updateInterval: within(`${field}.update_interval`, updateInterval ?? 200, 1, MAX_UINT32),
      scale: within(`${field}.scale`, scale ?? 0.25, Number.MIN_VALUE, MAX_SCALE),
      eightBit,
    }),
};
