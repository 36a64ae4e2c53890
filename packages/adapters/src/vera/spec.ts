import type { adapters } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';

import type { AdapterTensor, Site } from '../parametrisation.js';
import { kaimingUniform } from '../start-values.js';

/** The matrices that all modules share, and the vectors of each one, by PEFT's names. */
export type VeraPart = 'vera_A' | 'vera_B' | 'vera_lambda_b' | 'vera_lambda_d';

const DEFAULT_RANK = 256;
const DEFAULT_D_INITIAL = 0.1;

/** VeRA with everything decided. */
export interface VeraSettings {
  readonly rank: number;
  readonly dInitial: number;
  readonly dropout: number;
}

/** Fills in the defaults. Errors: `OUT_OF_RANGE`. */
export function settingsOf(parameters: adapters.Vera, field: string): VeraSettings {
  const { rank = DEFAULT_RANK, dInitial = DEFAULT_D_INITIAL } = parameters;
  const refuse = (name: string, why: string): Error => invalidInput('OUT_OF_RANGE', `${field}.${name}`, why);
  if (!Number.isInteger(rank) || rank < 1) throw refuse('rank', `${rank} is below 1`);
  // With b zero too, a d of zero would never get a gradient.
  if (!Number.isFinite(dInitial) || dInitial <= 0)
    throw refuse('d_initial', `${dInitial} is not a positive number`);
  return { rank, dInitial, dropout: 0 };
}

/**
 * A [rank, widest input] and B [widest output, rank], of which each module takes the corner that it needs; d [rank] and b [out] of each.
 * A and B are Kaiming-uniform, b is zero: the network is unchanged at the start. arXiv:2310.11454, section 3.
 */
export function tensorsOf(
  { rank, dInitial }: VeraSettings,
  sites: readonly Site[],
): AdapterTensor<VeraPart>[] {
  const linear = sites.filter((site) => site.kind === 'linear');
  const shared = (part: VeraPart, shape: readonly [number, number]): AdapterTensor<VeraPart> => ({
    ...{ part, module: null, shape, trained: false },
    start: async ({ seed }) => (await kaimingUniform(seed, part, shape)).map((value) => Math.sqrt(6) * value),
  });
  return [
    shared('vera_A', [rank, Math.max(...linear.map((site) => site.in))]),
    shared('vera_B', [Math.max(...linear.map((site) => site.out)), rank]),
    ...linear.flatMap(({ path: module, out }): AdapterTensor<VeraPart>[] => [
      {
        ...{ part: 'vera_lambda_d', module, shape: [rank], trained: true },
        start: () => new Float32Array(rank).fill(dInitial),
      },
      {
        ...{ part: 'vera_lambda_b', module, shape: [out], trained: true },
        start: () => new Float32Array(out),
      },
    ]),
  ];
}
