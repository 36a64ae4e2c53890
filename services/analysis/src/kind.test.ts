import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { analysis } from '@eigenloom/contracts';
import { SafetensorsFile, SafetensorsWriter } from '@eigenloom/numeric';
import { type JobsClient, type JobView, startEmbedded } from '@eigenloom/runtime';
import type { Cell } from '@eigenloom/report';
import { analysisKind } from './kind.js';
import { STUDIES } from './methods/index.js';
import { reportIn, rowsOf, weightRequest } from './testing/requests.js';

const GOLDEN = resolve(__dirname, '../../../tests/golden/weightwatcher');
const fixture = (name: string): string => join(GOLDEN, 'fixtures', name);

type Row = Readonly<Record<string, Cell>>;
interface Result {
  readonly tensors: readonly Row[];
  readonly skipped: readonly Row[];
}

let folder: string;
let runtime: JobsClient;
let runs = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'analysis-'));
  runtime = await startEmbedded({
    kinds: [analysisKind],
    dataFolder: join(folder, 'data'),
    roots: [folder, GOLDEN],
  });
});
afterAll(async () => {
  await runtime.close();
  await rm(folder, { recursive: true });
});

interface Asked extends Omit<Parameters<typeof weightRequest>[1], 'outputUri'> {
  readonly method: { readonly $case: 'spectrum' | 'intruders'; readonly value: object };
}
const requestOf = ({ method, ...inputs }: Asked, outputUri = ''): analysis.AnalyzeRequest =>
  weightRequest(method.$case, { ...inputs, outputUri }, method.value);

async function analyse(asked: Asked): Promise<JobView & { folder: string }> {
  const outputUri = join(folder, `out-${runs++}`);
  const { name } = await runtime.submit('analysis', requestOf(asked, outputUri));
  return { ...(await runtime.wait(name)), folder: outputUri };
}

async function resultOf(view: { error?: unknown; folder: string }): Promise<Result> {
  expect(view.error).toBeUndefined();
  const report = await reportIn(view.folder);
  return { tensors: rowsOf(report, 'tensors'), skipped: rowsOf(report, 'skipped') };
}

async function json<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(join(GOLDEN, 'expected', file), 'utf8')) as T;
}

const spectrum = { $case: 'spectrum' as const, value: { singularValues: false } };
/** Eigenvalues at or below take no part in WeightWatcher's fit; two matrices of `edge` are there for it. */
const byWeightWatcher = { $case: 'spectrum' as const, value: { singularValues: false, eigenvalueCut: 1e-5 } };
const intruders = { $case: 'intruders' as const, value: { k: 10, epsilon: 0.5 } };

/** Columns that are counts or words, and those of the Marchenko-Pastur fit; all others to 1e-8. README of the golden values. */
const EXACT = new Set([
  'N',
  'M',
  'num_evals',
  'num_pl_spikes',
  'matrix_rank',
  'rank_loss',
  'weak_rank_loss',
  'detX_num',
  'num_spikes',
  'warning',
  'status',
]);
const FITTED = new Set(['sigma_mp', 'bulk_min', 'bulk_max', 'mp_softrank']);
const NOT_COLUMNS = new Set(['D_margin', 'spike_margin', 'mp_spread']);

function compare(row: Row, expected: Row, isDelta: boolean): string[] {
  const wrong: string[] = [];
  for (const [key, raw] of Object.entries(expected)) {
    if (!key.startsWith('ref_') || NOT_COLUMNS.has(key.slice(4))) continue;
    const column = key.slice(4);
    const want = raw === 'NaN' || raw === '-Infinity' ? null : raw;
    const got = row[column];
    if (got === undefined) wrong.push(`${column} is missing`);
    else if (typeof want !== 'number' || typeof got !== 'number' || EXACT.has(column)) {
      if (got !== want) wrong.push(`${column}: ${JSON.stringify(got)} instead of ${JSON.stringify(want)}`);
    } else if (Math.abs(got - want) > tolerance(column, want, expected, isDelta)) {
      wrong.push(`${column}: ${got} instead of ${want}`);
    }
  }
  return wrong;
}

function tolerance(column: string, want: number, expected: Row, isDelta: boolean): number {
  const relative = isDelta ? 1e-5 : FITTED.has(column) ? 1e-6 : 1e-8;
  if (column === 'sv_min') return 1e-12 * Number(expected['ref_sv_max']) + (isDelta ? 1e-5 * want : 0);
  // In an exactly rank-deficient matrix the tail may end in an eigenvalue that is rounding noise: the square of sv_min's tolerance.
  if (column === 'detX_val') return relative * Math.abs(want) + 1e-24 * Number(expected['ref_lambda_max']);
  // Lower edges of square matrices are zero up to rounding.
  if (column === 'bulk_min') return relative * Number(expected['ref_bulk_max']);
  return relative * Math.abs(want);
}

describe('spectrum', () => {
  const cases: [string, string, string | undefined][] = [
    ...[
      'gaussian',
      'pareto',
      'spikes',
      'lowrank',
      'conv',
      'embedding',
      'bf16_sharded',
      'edge',
      'pair_base',
      'pair_ft_a',
      'pair_ft_b',
    ].map((name): [string, string, undefined] => [name, name, undefined]),
    ['pair_ft_a_minus_pair_base', 'pair_ft_a', 'pair_base'],
    ['pair_ft_b_minus_pair_base', 'pair_ft_b', 'pair_base'],
  ];

  it.each(cases)('%s agrees with the intended values in every column', async (golden, model, base) => {
    const view = await analyse({
      model: { uri: fixture(model) },
      ...(base === undefined ? {} : { base: { uri: fixture(base) } }),
      method: model === 'edge' ? byWeightWatcher : spectrum,
    });
    const { tensors } = await resultOf(view);
    const expected = await json<{ rows: Row[] }>(`${golden}.json`);
    const wrong = expected.rows.flatMap((row) => {
      const found = tensors.find(({ longname }) => longname === row['longname']);
      if (found === undefined) return [`${String(row['longname'])} is missing`];
      return compare(found, row, base !== undefined).map((text) => `${String(row['longname'])} ${text}`);
    });
    expect(wrong).toEqual([]);
  });

  it('leaves nothing out without a reason, and analyses what WeightWatcher passes over', async () => {
    const view = await analyse({ model: { uri: fixture('edge') }, method: spectrum });
    const { tensors, skipped } = await resultOf(view);
    expect(skipped).toEqual([
      { name: 'dense.bias', reason: 'is a vector' },
      { name: 'norm.weight', reason: 'is a vector' },
      { name: 'too_few_evals.weight', reason: 'has 9 eigenvalues, fewer than 10' },
    ]);
    const names = tensors.map(({ longname, slice }) =>
      typeof slice === 'number' ? `${String(longname)}:${slice}` : longname,
    );
    expect(names).toEqual(
      expect.arrayContaining(['plain_parameter', 'experts:0', 'experts:3', 'experts.gate_up_proj:2']),
    );
    expect(view.result?.response).toMatchObject({ metrics: { tensors: 8, skipped: 3 } });
  });

  it('recognises embeddings', async () => {
    const { tensors } = await resultOf(
      await analyse({
        model: { uri: fixture('bf16_sharded') },
        method: spectrum,
        tensors: ['*embed_tokens', 'lm_head'],
      }),
    );
    expect(tensors.map(({ longname, layer_type }) => [longname, layer_type]).sort()).toEqual([
      ['lm_head', 'dense'],
      ['model.embed_tokens', 'embedding'],
    ]);
  });

  it('stores singular values', async () => {
    const view = await analyse({
      model: { uri: fixture('conv') },
      method: { $case: 'spectrum', value: { singularValues: true } },
    });
    const stored = await SafetensorsFile.open(join(view.folder, 'singular_values.safetensors'));
    const expected = await SafetensorsFile.open(join(GOLDEN, 'expected', 'singular_values.safetensors'));
    expect([...stored.tensors.keys()].sort()).toEqual(['conv', 'conv_even', 'conv_point', 'conv_wide']);
    const [got, want] = [await stored.read('conv', 'f64'), await expected.read('conv/conv', 'f64')];
    const worst = got.reduce((most, value, i) => Math.max(most, Math.abs(value - want[i]!)), 0);
    expect(got.length).toBe(want.length);
    expect(worst).toBeLessThan(1e-12 * want[want.length - 1]!);
  });

  it('leaves out tensors that are not finite', async () => {
    const path = join(folder, 'nan.safetensors');
    const plan = (name: string) => ({ name, dtype: 'F32' as const, shape: [12, 12] });
    const writer = await SafetensorsWriter.create(
      path,
      [plan('bad'), plan('good')],
      {},
      { allowNonFinite: true },
    );
    const numbers = (broken: number): Float32Array =>
      Float32Array.from({ length: 144 }, (_, i) => (i === 7 ? broken : Math.sin(i * i)));
    await writer.write('bad', numbers(NaN));
    await writer.write('good', numbers(1));
    await writer.finish();
    const { tensors, skipped } = await resultOf(await analyse({ model: { uri: path }, method: spectrum }));
    expect(tensors.map(({ longname }) => longname)).toEqual(['good']);
    expect(skipped).toEqual([{ name: 'bad', reason: expect.stringContaining('not finite') as string }]);
  });
});

describe('intruder dimensions', () => {
  interface Golden {
    epsilons: number[];
    layers: Record<
      string,
      Record<
        'ft_a' | 'ft_b',
        {
          max_cosine: number[];
          intruder_indices: Record<string, number[]>;
          tuned_effective_rank: number;
          tuned_stable_rank: number;
          delta_effective_rank: number;
          delta_stable_rank: number;
        }
      > & { base: { effective_rank: number; stable_rank: number } }
    >;
  }

  it.each(['ft_a', 'ft_b'] as const)(
    'of %s agree with the golden cosines, counts and ranks',
    async (tuned) => {
      const golden = await json<Golden>('intruder.json');
      for (const epsilon of golden.epsilons) {
        const view = await analyse({
          model: { uri: fixture(`pair_${tuned}`) },
          base: { uri: fixture('pair_base') },
          method: { $case: 'intruders', value: { k: 10, epsilon } },
        });
        const { tensors } = await resultOf(view);
        expect(tensors).toHaveLength(Object.keys(golden.layers).length);
        for (const row of tensors) {
          const want = golden.layers[String(row['longname'])]!;
          (row['max_cosine'] as readonly number[]).forEach((cosine, j) => {
            expect(Math.abs(cosine - want[tuned].max_cosine[j]!)).toBeLessThan(1e-9);
          });
          expect(row['intruders']).toEqual(want[tuned].intruder_indices[String(epsilon)]);
          expect(row['effective_rank']).toBeCloseTo(want[tuned].tuned_effective_rank, 8);
          expect(row['stable_rank']).toBeCloseTo(want[tuned].tuned_stable_rank, 8);
          expect(row['delta_effective_rank']).toBeCloseTo(want[tuned].delta_effective_rank, 4);
          expect(row['delta_stable_rank']).toBeCloseTo(want[tuned].delta_stable_rank, 4);
          expect(row['base_effective_rank']).toBeCloseTo(want.base.effective_rank, 8);
        }
      }
    },
  );
});

describe('requests', () => {
  const model = { uri: fixture('pair_ft_a') };
  it.each([
    ['no model', { method: spectrum }, 'FIELD_MISSING', 'spectrum.model'],
    ['no base', { model, method: intruders }, 'FIELD_MISSING', 'intruders.base'],
    [
      'a k of 0',
      { model, base: model, method: { $case: 'intruders' as const, value: { k: 0 } } },
      'OUT_OF_RANGE',
      'intruders.k',
    ],
    [
      'an ε of 0',
      { model, base: model, method: { $case: 'intruders' as const, value: { k: 1, epsilon: 0 } } },
      'OUT_OF_RANGE',
      'intruders.epsilon',
    ],
    [
      'a pattern without a match',
      { model, method: spectrum, tensors: ['layers.0.qproj'] },
      'PATTERN_MATCHES_NOTHING',
      'layers.0.q_proj',
    ],
    [
      'a base of other tensors',
      { model, base: { uri: fixture('gaussian') }, method: spectrum },
      'NOTHING_IN_COMMON',
      'base',
    ],
  ])('with %s are refused', async (_, asked, reason, named) => {
    await expect(runtime.submit('analysis', requestOf(asked))).rejects.toMatchObject({
      reason,
      message: expect.stringContaining(named) as string,
    });
  });

  it('without a study are refused', async () => {
    await expect(runtime.submit('analysis', analysis.AnalyzeRequest.fromPartial({}))).rejects.toMatchObject({
      reason: 'METHOD_MISSING',
      message: `study: choose one of ${STUDIES.methods.map((method) => method.id).join(', ')}`,
    });
  });

  it('are estimated', async () => {
    const { estimate } = await runtime.submit(
      'analysis',
      requestOf({ model, base: model, method: intruders, validateOnly: true }),
    );
    // Two times 128² + 192·96 + 96·192 elements of four bytes.
    expect(estimate?.readBytes).toBe(BigInt(2 * 4 * (128 * 128 + 2 * 192 * 96)));
    expect(estimate?.durationSeconds).toBeGreaterThan(0);
    expect(Number(estimate?.memoryBytes)).toBeGreaterThan(2 * 8 * 192 * 96);
  });

  it('give the same bytes for any number of threads', async () => {
    const { setThreads } = await import('@eigenloom/numeric');
    const digest = async (threads: number): Promise<string> => {
      setThreads(threads);
      const view = await analyse({ model, base: { uri: fixture('pair_base') }, method: intruders });
      const other = await analyse({ model, method: spectrum });
      return JSON.stringify([await reportIn(view.folder), await reportIn(other.folder)]);
    };
    const [one, three] = [await digest(1), await digest(3)];
    setThreads(0);
    expect(one).toBe(three);
  });
});
