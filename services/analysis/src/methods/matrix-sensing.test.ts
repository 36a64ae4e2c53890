import type { analysis } from '@eigenloom/contracts';
import type { Report } from '@eigenloom/report';
import { planAnalysis } from '../plan.js';

type Parameters = Partial<analysis.MatrixSensing>;

const open = (parameters: Parameters) =>
  planAnalysis(
    { study: { kind: { $case: 'matrixSensing', value: { scales: [], ...parameters } } } },
    { signal: new AbortController().signal, resolve: (uri: string) => Promise.resolve(uri) },
  );

async function reportOf(parameters: Parameters, seed = 1n): Promise<Omit<Report, 'method' | 'paper'>> {
  const { method, study } = await open(parameters);
  const signal = new AbortController().signal;
  return (await study.run({ method, seed, signal, progress: () => undefined })).report;
}

const SMALL: Parameters = { size: 10, rank: 2, columns: 4, steps: 3000, remedyAfter: 200 };

describe('every entry observed, singular values 1', () => {
  let report: Awaited<ReturnType<typeof reportOf>>;
  beforeAll(async () => {
    report = await reportOf({ ...SMALL, measurements: 0, scales: [0.1, 0.2, 0.4] });
  });

  // What is left at the end lies outside the truth's space on one side and shrinks by 1 − η a step, squared in the error.
  it.each(['symmetric_exact_rate', 'remedied_rate'])('%s is −2·ln(1 − η)', (name) => {
    expect(report.metrics[name]).toBeCloseTo(-2 * Math.log(0.9), 3);
  });

  it('has the power laws of the paper: 1/T², α², α⁰', () => {
    expect(Math.abs((report.metrics['symmetric_power'] ?? 0) - 2)).toBeLessThan(0.3);
    expect(Math.abs((report.metrics['asymmetric_power_of_alpha'] ?? 0) - 2)).toBeLessThan(0.3);
    expect(Math.abs(report.metrics['remedied_power_of_alpha'] ?? 1)).toBeLessThan(0.01);
  });

  it('has a row for each run, and a curve that starts with the first step and ends with the last', () => {
    const rows = report.tables.find(({ id }) => id === 'runs')?.rows ?? [];
    expect(rows).toHaveLength(12);
    const series = report.charts.flatMap((chart) => chart.series);
    expect(series).toHaveLength(12);
    const exact = rows.find(({ run }) => run === 'symmetric_exact');
    expect([series[0]?.x[0], series[0]?.x.at(-1)]).toEqual([1, exact?.['steps']]);
  });
});

it('draws from the seed alone', async () => {
  const parameters = { ...SMALL, steps: 300, scales: [0.2] };
  const [first, again, other] = [
    await reportOf(parameters),
    await reportOf(parameters),
    await reportOf(parameters, 2n),
  ];
  expect(again).toEqual(first);
  expect(other.metrics).not.toEqual(first.metrics);
  expect(first.metrics['asymmetric_power_of_alpha']).toBeNull();
});

it.each([
  ['a size of 1', { size: 1 }, 'matrix_sensing.size'],
  ['a size above the limit', { size: 51 }, 'matrix_sensing.size'],
  ['rank 0', { rank: 0 }, 'matrix_sensing.rank'],
  ['a full rank', { size: 5, rank: 5 }, 'matrix_sensing.rank'],
  ['no column above the rank', { columns: 2 }, 'matrix_sensing.columns'],
  ['a step size of 0', { stepSize: 0 }, 'matrix_sensing.step_size'],
  ['a negative scale', { scales: [0.1, -1] }, 'matrix_sensing.scales'],
  ['a remedy after the end', { steps: 100 }, 'matrix_sensing.remedy_after'],
  ['too few steps', { steps: 5, remedyAfter: 1 }, 'matrix_sensing.steps'],
] as [string, Parameters, string][])('refuses %s', async (_, parameters, field) => {
  await expect(open(parameters)).rejects.toMatchObject({
    reason: 'OUT_OF_RANGE',
    message: expect.stringContaining(`${field}: `) as string,
  });
});

it('says that a step size is too large', async () => {
  await expect(reportOf({ ...SMALL, stepSize: 5 })).rejects.toMatchObject({
    reason: 'DIVERGED',
    message: expect.stringContaining('matrix_sensing.step_size: 5 is too large') as string,
  });
});
