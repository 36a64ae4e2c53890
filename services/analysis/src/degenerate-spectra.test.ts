import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Dtype, SafetensorsWriter } from '@eigenloom/numeric';
import { type JobsClient, startEmbedded } from '@eigenloom/runtime';
import type { Report } from '@eigenloom/report';
import { analysisKind } from './kind.js';
import { reportIn, rowsOf, weightRequest } from './testing/requests.js';

const N = 32;
type Entry = (row: number, column: number) => number;
interface Row {
  readonly longname: string;
  readonly status: string;
  readonly alpha: number | null;
  readonly reason: string | null;
  readonly sigma_mp: number | null;
}

const COSINES = Array.from({ length: N }, (_, k) =>
  Array.from(
    { length: N },
    (_value, j) => Math.sqrt((k === 0 ? 1 : 2) / N) * Math.cos((Math.PI * (2 * j + 1) * k) / (2 * N)),
  ),
);
/** The orthogonal matrix of the discrete cosine transform. */
const cosines: Entry = (k, j) => COSINES[k]?.[j] ?? NaN;
/** Cosines as singular vectors of given singular values. */
function withValues(value: (k: number) => number): Entry {
  const entry: Entry = (i, j) =>
    COSINES.reduce((sum, row, k) => sum + (row[i] ?? NaN) * value(k) * (row[(j * 5) % N] ?? NaN), 0);
  const table = Array.from({ length: N * N }, (_, at) => entry(Math.floor(at / N), at % N));
  return (i, j) => table[i * N + j] ?? NaN;
}

/** Numbers of many sizes, whose roundings differ as much. */
const uneven = (i: number): number => Math.sin(i * i + 1) * (1 + (i % 5) / 2);

/** Matrices that no power law fits, and what is said of them. */
const DEGENERATE: Readonly<Record<string, readonly [Entry, RegExp]>> = {
  identity: [(i, j) => Number(i === j), /too few different/],
  orthogonal: [cosines, /too few different/],
  permuted: [withValues(() => 3), /too few different/],
  outlier: [withValues((k) => (k === 0 ? 40 : 1)), /too few different/],
  blocks: [withValues((k) => 1 + (k % 3)), /too few different/],
  projection: [withValues((k) => Number(k < 20)), /too few different/],
  zeros: [() => 0, /^0 eigenvalues are above the cut/],
  constant: [() => 0.7, /^1 eigenvalue is above the cut/],
  rank_one: [(i, j) => Math.sin(i + 1) * Math.cos(j), /^1 eigenvalue is above the cut/],
  outer_product: [(i, j) => uneven(i) * uneven(j + N), /^1 eigenvalue is above the cut/],
  rank_three: [withValues((k) => (k < 3 ? k + 1 : 0)), /^3 eigenvalues are above the cut/],
};
const power = withValues((k) => (k + 1) ** -0.7);

let folder: string;
let runtime: JobsClient;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'degenerate-'));
  runtime = await startEmbedded({
    kinds: [analysisKind],
    dataFolder: join(folder, 'data'),
    roots: [folder],
  });
});
afterAll(async () => {
  await runtime.close();
  await rm(folder, { recursive: true });
});

async function write(name: string, dtype: Dtype, tensors: Readonly<Record<string, Entry>>): Promise<string> {
  const path = join(folder, `${name}.safetensors`);
  const shape = [N, N];
  const plans = Object.keys(tensors).map((tensor) => ({ name: tensor, dtype, shape }));
  const writer = await SafetensorsWriter.create(path, plans);
  for (const [tensor, entry] of Object.entries(tensors)) {
    await writer.write(
      tensor,
      Float64Array.from({ length: N * N }, (_, i) => entry(Math.floor(i / N), i % N)),
    );
  }
  await writer.finish();
  return path;
}

let runs = 0;
async function analyse(study: 'spectrum' | 'intruders', uri: string, base?: string): Promise<string> {
  const outputUri = join(folder, `out-${runs++}`);
  const inputs = { model: { uri }, ...(base === undefined ? {} : { base: { uri: base } }) };
  const { name } = await runtime.submit('analysis', weightRequest(study, { ...inputs, outputUri }));
  const { error } = await runtime.wait(name);
  expect(error).toBeUndefined();
  return outputUri;
}

const spectra = async (
  uri: string,
  base?: string,
): Promise<{ tensors: Row[]; summary: Report['metrics'] }> => {
  const report = await reportIn(await analyse('spectrum', uri, base));
  return { tensors: rowsOf(report, 'tensors') as unknown as Row[], summary: report.metrics };
};

describe('a spectrum that no power law fits', () => {
  it.each(['F64', 'F32', 'BF16'] as const)(
    'is a failed fit with a reason at every scale (%s)',
    async (dtype) => {
      const scales = [1e-6, 1e-3, 1, 1e3, 1e6];
      const all = {
        ...Object.fromEntries(Object.entries(DEGENERATE).map(([name, [entry]]) => [name, entry])),
        power,
      };
      const tensors = Object.entries(all).flatMap(([name, entry]) =>
        scales.map((scale): [string, Entry] => [`${name}@${scale}`, (i, j) => scale * entry(i, j)]),
      );
      const { tensors: rows, summary } = await spectra(
        await write(dtype, dtype, Object.fromEntries(tensors)),
      );
      const rowOf = (longname: string): Row | undefined => rows.find((row) => row.longname === longname);
      for (const scale of scales) {
        for (const [name, [, reason]] of Object.entries(DEGENERATE)) {
          const longname = `${name}@${scale}`;
          expect(rowOf(longname)).toMatchObject({ longname, status: 'failed', alpha: null });
          expect(rowOf(longname)?.reason).toMatch(reason);
        }
        const fitted = rowOf(`power@${scale}`);
        expect(fitted).toMatchObject({ status: 'success', reason: null });
        // λ = k^−1.4, so the exponent is 1 + 1/1.4.
        expect(fitted?.alpha).toBeCloseTo(1 + 1 / 1.4, 0);
      }
      expect(summary).toMatchObject({ fitted: scales.length, failed: rows.length - scales.length });
      expect(summary['alpha']).toBeCloseTo(1 + 1 / 1.4, 0);
    },
  );

  it('is also that of a difference whose values are equal up to rounding, with no bulk', async () => {
    const base = await write('base', 'F32', { w: power });
    const tuned = await write('tuned', 'F32', { w: (i, j) => power(i, j) + 0.01 * cosines(i, j) });
    const { tensors, summary } = await spectra(tuned, base);
    expect(tensors[0]).toMatchObject({ status: 'failed', alpha: null, sigma_mp: null });
    expect(summary).toMatchObject({ fitted: 0, failed: 1, alpha: null });
  });
});

describe('intruder dimensions', () => {
  it('leave out vectors that the numbers do not determine', async () => {
    const tuned = await write('low', 'F64', { zeros: () => 0, w: withValues((k) => (k < 2 ? 3 - k : 0)) });
    const base = await write('full', 'F64', { zeros: power, w: power });
    const made = await analyse('intruders', tuned, base);
    const text = await readFile(join(made, 'report.json'), 'utf8');
    const tensors = rowsOf(await reportIn(made), 'tensors') as unknown as {
      longname: string;
      max_cosine: number[];
    }[];
    expect(text).not.toMatch(/NaN|Infinity/);
    const cosinesOf = (name: string): number[] | undefined =>
      tensors.find(({ longname }) => longname === name)?.max_cosine;
    expect(cosinesOf('zeros')).toEqual([]);
    expect(cosinesOf('w')).toHaveLength(2);
    for (const cosine of cosinesOf('w') ?? []) expect(cosine).toBeCloseTo(1, 12);
  });
});
