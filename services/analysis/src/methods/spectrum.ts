import type { analysis, Definition } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';
import { type NoTail, spectrum as spectrumOf, type SpectrumSummary } from '@eigenloom/numeric';
import type { Chart } from '@eigenloom/report';
import type { Study } from '../study.js';
import { studyWeights } from '../weights/study-weights.js';
import { largerSide, sizeOf, smallerSide, type Weight } from '../weights/weight.js';
import { nameOf, type Row, type WeightStudy } from '../weights/weight-study.js';

/** Below this number of eigenvalues no statistic of a spectrum means much; WeightWatcher's limit. */
const MIN_EIGENVALUES = 10;
const OVER_TRAINED_BELOW = 2;
/** Columns of a fit whose means over the fitted matrices are given. */
const AVERAGED = ['alpha', 'alpha_weighted', 'log_alpha_norm', 'D'];
const UNDER_TRAINED_ABOVE = 6;

/**
 * Spectrum of a weight matrix. Martin & Mahoney 2021, arXiv:1810.01075; columns by the names of WeightWatcher 0.7.
 */
export const spectrum: Definition<analysis.Spectrum, Study> = {
  summary: 'Norms, ranks, entropy, power-law tail and Marchenko-Pastur edge of every weight matrix',
  paper: 'arXiv:1810.01075',
  deviations:
    'Where WeightWatcher is known to be off, the intended value is given: kernels are not scaled, their smallest singular value is the smallest of all slices, square matrices are fitted by a proper quarter-circle law, a failed fit is null, and the cut of the power-law fit follows the scale of the matrix.',
  create({ model, base, tensors, singularValues, eigenvalueCut }, field) {
    if (eigenvalueCut !== undefined && !(eigenvalueCut >= 0 && Number.isFinite(eigenvalueCut))) {
      throw invalidInput('OUT_OF_RANGE', `${field}.eigenvalue_cut`, `${eigenvalueCut} is not 0 or above`);
    }
    const study: WeightStudy = {
      title: 'Spectrum',
      needsBase: false,
      columns: COLUMNS.map((name) => ({ name })),
      reasonToSkip,
      operations(weight) {
        const count = smallerSide(weight) * weight.positions;
        // Bidiagonalisation, and the scan over all starts of the tail at some 20 operations an exponential.
        return 4 * sizeOf(weight) * smallerSide(weight) + 10 * count * count;
      },
      workingBytes(weight, withBase) {
        const slice = weight.rows * weight.columns;
        return 8 * (sizeOf(weight) * (withBase ? 2 : 1) + 4 * slice);
      },
      async analyse(weight, values, options) {
        const summary = await spectrumOf(values.tuned, values.base, weight, {
          ...options,
          cut: eigenvalueCut,
        });
        return {
          row: rowOf(weight, summary),
          ...(singularValues ? { singularValues: summary.singularValues } : {}),
        };
      },
      metrics,
      charts,
    };
    return studyWeights(study, { model, base, tensors }, field);
  },
};

const COLUMNS = [
  ...['longname', 'slice', 'N', 'M', 'alpha', 'D', 'stable_rank', 'warning', 'status', 'reason'],
  ...['layer_type', 'rf', 'Q', 'num_evals', 'xmin', 'xmax', 'sigma', 'num_pl_spikes'],
  ...['alpha_weighted', 'log_alpha_norm', 'norm', 'log_norm', 'spectral_norm', 'log_spectral_norm'],
  ...['lambda_max', 'sv_max', 'sv_min', 'effective_rank', 'entropy', 'matrix_rank', 'rank_loss'],
  ...['weak_rank_loss', 'detX_num', 'detX_val', 'sigma_mp', 'bulk_min', 'bulk_max', 'num_spikes'],
  ...['mp_softrank', 'W_scale'],
];

function reasonToSkip(weight: Weight): string | undefined {
  const count = smallerSide(weight) * weight.positions;
  return count < MIN_EIGENVALUES ? `has ${count} eigenvalues, fewer than ${MIN_EIGENVALUES}` : undefined;
}

/** Means are over the matrices that were fitted. */
function metrics(rows: readonly Row[]): Record<string, number | null> {
  const fitted = rows.filter(({ alpha }) => alpha !== null);
  return {
    fitted: fitted.length,
    failed: rows.length - fitted.length,
    ...Object.fromEntries(AVERAGED.map((column) => [column, meanOf(fitted, column)])),
  };
}

const charts = (rows: readonly Row[]): Chart[] =>
  ['alpha', 'stable_rank'].map((column) => ({
    id: column,
    title: `${column} by tensor`,
    x: { label: 'tensor' },
    y: { label: column },
    series: [
      {
        name: column,
        mark: 'points',
        x: rows.map(nameOf),
        y: rows.map((row) => (typeof row[column] === 'number' ? row[column] : null)),
      },
    ],
  }));

function rowOf(weight: Weight, s: SpectrumSummary): Row {
  const { tail, bulk } = s;
  const [larger, smaller] = [largerSide(weight), smallerSide(weight)];
  return {
    layer_type: weight.type,
    rf: weight.positions,
    N: larger,
    M: smaller,
    Q: larger / smaller,
    num_evals: s.singularValues.length,
    alpha: tail?.alpha ?? null,
    xmin: tail?.xmin ?? null,
    xmax: tail?.xmax ?? null,
    D: tail?.distance ?? null,
    sigma: tail?.sigma ?? null,
    num_pl_spikes: tail?.spikes ?? null,
    warning: warningOf(tail?.alpha),
    status: tail === null ? 'failed' : 'success',
    reason: s.noTail === null ? null : reasonOf(s.noTail),
    alpha_weighted: s.alphaWeighted,
    log_alpha_norm: s.logAlphaNorm,
    norm: s.norm,
    log_norm: logarithm(s.norm),
    spectral_norm: s.lambdaMax,
    log_spectral_norm: logarithm(s.lambdaMax),
    lambda_max: s.lambdaMax,
    sv_max: s.svMax,
    sv_min: s.svMin,
    stable_rank: s.stableRank,
    effective_rank: s.effectiveRank,
    entropy: s.entropy,
    matrix_rank: s.rank,
    rank_loss: s.rankLoss,
    weak_rank_loss: s.weakRankLoss,
    detX_num: s.unitTailCount,
    detX_val: s.unitTailValue,
    sigma_mp: bulk?.sigma ?? null,
    bulk_min: bulk?.min ?? null,
    bulk_max: bulk?.max ?? null,
    num_spikes: bulk?.spikes ?? null,
    mp_softrank: bulk?.softRank ?? null,
    W_scale: bulk?.scale ?? null,
  };
}

function reasonOf({ reason, eigenvalues, needed }: NoTail): string {
  switch (reason) {
    case 'too_few': {
      const found = eigenvalues === 1 ? '1 eigenvalue is' : `${eigenvalues} eigenvalues are`;
      return `${found} above the cut, a power-law fit needs ${needed}`;
    }
    case 'equal':
      return `up to rounding, the eigenvalues above the cut are too few different ones (a power-law fit needs ${needed}, none of them half of the tail)`;
    case 'no_fit':
      return 'no exponent above 1 fits the eigenvalues';
  }
}

function warningOf(alpha: number | undefined): string {
  if (alpha === undefined) return '';
  if (alpha < OVER_TRAINED_BELOW) return 'over-trained';
  return alpha > UNDER_TRAINED_ABOVE ? 'under-trained' : '';
}

/** Null without rows. */
function meanOf(rows: readonly Row[], column: string): number | null {
  if (rows.length === 0) return null;
  return rows.reduce((sum, row) => sum + Number(row[column]), 0) / rows.length;
}

/** JSON has no −∞. */
const logarithm = (value: number): number | null => (value > 0 ? Math.log10(value) : null);
