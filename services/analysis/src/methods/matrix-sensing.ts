import type { analysis, common, Definition } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';
import { Diverged } from '../sensing/descend.js';
import { reportRuns } from '../sensing/report-runs.js';
import { costOf, runAll, type Setting } from '../sensing/run-all.js';
import type { Findings, Study, StudyTools } from '../study.js';

/** The operator has the fourth power of it, 50 MB here. */
const MAX_SIZE = 50;
const MAX_MEASUREMENTS = 100_000;
const MAX_STEPS = 200_000;
const MAX_SCALES = 8;
/** Fewer have no rate. */
const MIN_STEPS = 10;
const DEFAULT_SCALES = [0.1, 0.2, 0.4];
/** Multiplications per second on one core at size 20, about. */
const RATE = 6e8;
const REPORT_BYTES = 100_000n;

/**
 * Rates of gradient descent in matrix sensing. Xiong, Ding & Du 2023, arXiv:2310.01769. Squared errors fall as Ω(1/T²) with symmetric
 * factors of too many columns, as exp(−Ω(T)) with as many as the rank, as exp(−Ω(α²T)) with asymmetric factors of too many, and
 * independently of α after a step that balances them anew (section 5).
 */
export const matrixSensing: Definition<analysis.MatrixSensing, Study> = {
  summary:
    'Rates at which gradient descent recovers a low-rank matrix, by the shape of its factors and the scale of its start',
  paper: 'arXiv:2310.01769',
  deviations:
    'All singular values of the matrix are 1. The remedy is our reading of equation 5.1. It is taken after a given number of steps, since the distance from the solution at which the paper takes it is unknown in practice, and its β is the root of the largest singular value of the product.',
  create(parameters, field) {
    const shared = checked(parameters, field);
    return {
      open: () =>
        Promise.resolve({
          estimate: estimateOf({ ...shared, seed: 0n }),
          files: () => Promise.resolve(new Map<string, string>()),
          run: (tools) => study({ ...shared, seed: tools.seed }, tools, field),
        }),
    };
  },
};

function checked(parameters: analysis.MatrixSensing, field: string): Omit<Setting, 'seed'> {
  const { size = 20, rank = 2, stepSize = 0.1, steps = 12_000, remedyAfter = 400 } = parameters;
  const { columns = Math.min(2 * rank, size), measurements = 20 * size * rank } = parameters;
  const scales = parameters.scales.length === 0 ? DEFAULT_SCALES : parameters.scales;
  const within = (name: string, value: number, from: number, to: number): void => {
    if (value >= from && value <= to) return;
    throw invalidInput('OUT_OF_RANGE', `${field}.${name}`, `${value} is not from ${from} to ${to}`);
  };
  const positive = (name: string, value: number): void => {
    if (value > 0 && Number.isFinite(value)) return;
    throw invalidInput('OUT_OF_RANGE', `${field}.${name}`, `${value} is not a positive number`);
  };
  within('size', size, 2, MAX_SIZE);
  within('rank', rank, 1, size - 1);
  within('columns', columns, rank + 1, size);
  within('measurements', measurements, 0, MAX_MEASUREMENTS);
  within('steps', steps, MIN_STEPS, MAX_STEPS);
  within('remedy_after', remedyAfter, 1, steps - 1);
  within('scales', scales.length, 1, MAX_SCALES);
  positive('step_size', stepSize);
  for (const scale of scales) positive('scales', scale);
  return { size, rank, columns, measurements, stepSize, steps, scales, remedyAfter };
}

async function study(setting: Setting, tools: StudyTools, field: string): Promise<Findings> {
  const hooks = {
    signal: tools.signal,
    progress: (fraction: number, phase: string): void => {
      tools.progress({ fraction, phase });
    },
  };
  const runs = await runAll(setting, hooks).catch((error: unknown) => {
    if (!(error instanceof Diverged)) throw error;
    const why = `${setting.stepSize} is too large, or a scale is: ${error.message}`;
    throw invalidInput('DIVERGED', `${field}.step_size`, why);
  });
  return { report: reportRuns(runs) };
}

/** A run that arrives ends sooner, so this is an upper limit. */
function estimateOf(setting: Setting): common.Estimate {
  const { size, measurements } = setting;
  return {
    durationSeconds: costOf(setting) / RATE,
    memoryBytes: BigInt(measurements === 0 ? 0 : 3 * 8 * size ** 4),
    diskBytes: REPORT_BYTES,
    readBytes: 0n,
    notes: [],
  };
}
