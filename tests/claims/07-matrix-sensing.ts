import type { Claim } from './claim.js';
import { mean } from './tasks.js';

/** Of a power that the paper gives. */
const TOLERANCE = 0.3;
const MAX_REMEDIED_POWER = 0.1;
/** Of the rate with as many columns as the rank. */
const MIN_REMEDIED_SHARE = 0.5;
const METRICS = [
  ...['symmetric_power', 'symmetric_exact_rate', 'asymmetric_rate', 'asymmetric_power_of_alpha'],
  ...['remedied_rate', 'remedied_power_of_alpha'],
];

/** Over-parameterisation in matrix sensing. Xiong, Ding & Du 2023, arXiv:2310.01769. */
export const matrixSensing: Claim = {
  row: 7,
  methods: ['matrix_sensing'],
  statement:
    'In matrix sensing the squared error falls as 1/T² with symmetric factors of too many columns and exponentially with as many as the rank; with asymmetric factors of too many columns it falls exponentially at a rate ∝ α², and after one modified step at a rate that does not depend on α.',
  criterion: `mean over 3 seeds and α of 0.1, 0.2 and 0.4: the power of T with symmetric factors is within ${TOLERANCE} of 2, and 1/T^p explains these curves better than an exponential; with as many columns as the rank every run reaches a relative error of 1e-12, and an exponential explains the curves better; the power of α in the asymmetric rate is within ${TOLERANCE} of 2; after the step it is within ${MAX_REMEDIED_POWER} of 0, and the rate is at least ${MIN_REMEDIED_SHARE} of that with as many columns as the rank.`,
  missing: '',
  async run(lab) {
    const size = lab.pick({}, { size: 8, rank: 1, steps: 400, remedyAfter: 200 });
    const rows: Record<string, number | null>[] = [];
    const laws: boolean[] = [];
    for (const seed of lab.seeds(3)) {
      lab.say(`seed ${seed}`);
      const { report } = await lab.run('analysis', { seed: String(seed), matrixSensing: size });
      rows.push({ seed, ...Object.fromEntries(METRICS.map((name) => [name, report.metrics[name] ?? null])) });
      for (const run of report.tables.find(({ id }) => id === 'runs')?.rows ?? []) {
        const isPower = Number(run['power_r2']) > Number(run['rate_r2']);
        if (run['run'] === 'symmetric') laws.push(isPower);
        if (run['run'] === 'symmetric_exact') laws.push(!isPower && Number(run['error']) < 1e-12);
      }
    }
    // What was not measured is not a number, and no bound holds for it.
    const of = (name: string): number => mean(rows.map((row) => row[name] ?? NaN));
    const share = of('remedied_rate') / of('symmetric_exact_rate');
    const fitted = laws.filter((isRight) => isRight).length;
    return {
      held:
        Math.abs(of('symmetric_power') - 2) <= TOLERANCE &&
        Math.abs(of('asymmetric_power_of_alpha') - 2) <= TOLERANCE &&
        Math.abs(of('remedied_power_of_alpha')) <= MAX_REMEDIED_POWER &&
        share >= MIN_REMEDIED_SHARE &&
        laws.length > 0 &&
        fitted === laws.length,
      measured: `symmetric: 1/T^${of('symmetric_power').toFixed(2)}; asymmetric: rate ∝ α^${of('asymmetric_power_of_alpha').toFixed(2)}; after the step: α^${of('remedied_power_of_alpha').toFixed(2)}, at ${share.toFixed(2)} of the rate with as many columns as the rank; ${fitted} of ${laws.length} symmetric curves follow their law`,
      tables: [
        {
          id: 'rates',
          title: 'Rates of the squared error by seed',
          columns: ['seed', ...METRICS].map((name) => ({ name })),
          rows,
        },
      ],
    };
  },
};
