import { incompatible } from '@eigenloom/errors';

import { type Adapter, type AdapterModule, scalingOf } from './adapter.js';

/** What a conversion needs of an adapter, and changes. */
export interface Convertible extends Pick<Adapter, 'modules'> {
  readonly settings: Pick<
    Adapter['settings'],
    'rank' | 'alpha' | 'rankStabilized' | 'rankPattern' | 'alphaPattern' | 'initLoraWeights'
  >;
}

/**
 * Makes a plain LoRA adapter for the untouched base of one that was trained on a changed base (PiSSA, OLoRA, …):
 * A' = [A; A₀], B' = [B, −B₀], where A₀ and B₀ are the adapter before training, so that s'·B'·A' = s·(B·A − B₀·A₀).
 * Rank and alpha double; with rank stabilisation alpha grows by √2, so the scale stays. Tensors trained in full are kept.
 * Errors: `ADAPTERS_DIFFER` when the two do not have the same modules, shapes and scales.
 */
export function toPlainLora<A extends Convertible>(trained: A, initial: Pick<Adapter, 'modules'>): A {
  const growth = trained.settings.rankStabilized ? Math.SQRT2 : 2;
  const modules = new Map<string, AdapterModule>();
  for (const name of new Set([...trained.modules.keys(), ...initial.modules.keys()])) {
    const after = trained.modules.get(name);
    const before = initial.modules.get(name);
    if (after === undefined || before === undefined) throw differ(name, 'is in one of them only');
    modules.set(name, joined(name, after, before, growth, trained.settings.rankStabilized));
  }
  const { settings } = trained;
  const doubled = (values: Readonly<Record<string, number>>, by: number): Record<string, number> =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, value * by]));
  return {
    ...trained,
    modules,
    settings: {
      ...settings,
      rank: settings.rank * 2,
      alpha: settings.alpha * growth,
      rankPattern: doubled(settings.rankPattern, 2),
      alphaPattern: doubled(settings.alphaPattern, growth),
      initLoraWeights: true,
    },
  };
}

function joined(
  name: string,
  after: AdapterModule,
  before: AdapterModule,
  growth: number,
  rankStabilized: boolean,
): AdapterModule {
  const same = (x: readonly number[], y: readonly number[]): boolean => x.join() === y.join();
  if (!same(after.aShape, before.aShape) || !same(after.bShape, before.bShape)) {
    throw differ(name, 'has other shapes');
  }
  if (after.scaling !== before.scaling) throw differ(name, 'has another scale');
  const rank = after.rank * 2;
  const alpha = after.alpha * growth;
  return {
    kind: after.kind,
    rank,
    alpha,
    scaling: scalingOf(alpha, rank, rankStabilized),
    a: stackRows(after.a, before.a),
    aShape: [rank, ...after.aShape.slice(1)],
    b: joinColumns(after.b, before.b, after.rank),
    bShape: [after.bShape[0] ?? 0, rank, ...after.bShape.slice(2)],
  };
}

function stackRows(top: Float32Array, bottom: Float32Array): Float32Array {
  const both = new Float32Array(top.length + bottom.length);
  both.set(top);
  both.set(bottom, top.length);
  return both;
}

/** [B, −B₀], row by row. */
function joinColumns(left: Float32Array, right: Float32Array, rank: number): Float32Array {
  const both = new Float32Array(left.length * 2);
  for (let row = 0; row * rank < left.length; row += 1) {
    const start = row * rank;
    both.set(left.subarray(start, start + rank), 2 * start);
    both.set(
      right.subarray(start, start + rank).map((value) => -value),
      2 * start + rank,
    );
  }
  return both;
}

function differ(module: string, why: string): Error {
  return incompatible(
    'ADAPTERS_DIFFER',
    `the trained and the initial adapter: ${JSON.stringify(module)} ${why}`,
  );
}
