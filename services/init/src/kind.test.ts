import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { openModel, readAdapter, type AdapterModule } from '@eigenloom/checkpoint';
import { init } from '@eigenloom/contracts';
import { matmul, SafetensorsFile, SafetensorsWriter, setThreads, svd } from '@eigenloom/numeric';
import type { Report } from '@eigenloom/report';
import { type JobsClient, startEmbedded } from '@eigenloom/runtime';
import { initKind } from './kind.js';
import { STARTS } from './methods/index.js';
import type { StartChoice } from './start.js';

const ROOT = resolve(__dirname, '../../..');
const GOLDEN = join(ROOT, 'tests', 'golden', 'peft');
const BASE = join(GOLDEN, 'base');
const TINY_BERT = join(ROOT, 'tests', 'golden', 'models', 'tiny-bert-classifier');

type Partial = Parameters<typeof init.InitAdapterRequest.fromPartial>[0];

let folder: string;
let texts: string;
let runtime: JobsClient;
let runs = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'init-'));
  texts = join(folder, 'texts.txt');
  const line = (i: number): string =>
    Array.from({ length: 4 + (i % 5) }, (_, j) => `w${3 + ((i * 7 + j * 11) % 50)}`).join(' ');
  await writeFile(texts, Array.from({ length: 64 }, (_, i) => line(i)).join('\n'));
  runtime = await startEmbedded({
    kinds: [initKind],
    dataFolder: join(folder, 'data'),
    roots: [folder, ROOT],
  });
});
afterAll(async () => {
  await runtime.close();
  await rm(folder, { recursive: true });
});

interface Made {
  adapter: string;
  residual: string;
  response: init.InitAdapterResponse;
}

async function make(request: Partial): Promise<Made> {
  const id = runs++;
  const [adapter, residual] = [join(folder, `adapter-${id}`), join(folder, `residual-${id}`)];
  const whole = init.InitAdapterRequest.fromPartial({
    ...request,
    outputUri: adapter,
    residualUri: residual,
  });
  const { name } = await runtime.submit('init', whole);
  const view = await runtime.wait(name);
  if (view.error !== undefined) throw view.error;
  return { adapter, residual, response: view.result!.response as init.InitAdapterResponse };
}

/** Parameters to try each start with; one without them does not compile. */
const FIXTURES: { readonly [K in StartChoice['$case']]: () => Partial['start'] } = {
  default: () => ({ kind: { $case: 'default', value: {} } }),
  pissa: () => ({ kind: { $case: 'pissa', value: {} } }),
  eva: () => {
    const batching = { batchSize: 16, maxLength: 16 };
    return { kind: { $case: 'eva', value: { data: { uri: texts }, batching } } };
  },
  olora: () => ({ kind: { $case: 'olora', value: {} } }),
};
const startOf = (id: string): Partial['start'] => FIXTURES[id as StartChoice['$case']]();

type LoraParameters = { rank?: number; alpha?: number; rankStabilized?: boolean; dropout?: number };
const lora = (value: LoraParameters): Partial['adapter'] => ({ kind: { $case: 'lora', value } });

/** What the methods say of themselves, whatever their parameters. */
const METHODS = (Object.keys(FIXTURES) as StartChoice['$case'][]).map((id) => {
  const value = id === 'eva' ? { data: { uri: 'texts.txt' } } : {};
  return { id, ...STARTS.create({ $case: id, value } as StartChoice).method };
});
const BY_MODULE = METHODS.filter(({ sharesRanks }) => !sharesRanks);

/** s·B·A in float64. */
async function delta({ a, b, rank, scaling, aShape, bShape }: AdapterModule): Promise<Float64Array> {
  const product = await matmul(
    { rows: bShape[0]!, columns: rank, data: Float64Array.from(b) },
    { rows: rank, columns: aShape[1]!, data: Float64Array.from(a) },
  );
  return product.data.map((value) => scaling * value);
}

/** ‖x − y‖ / ‖y‖. */
function distance(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let [difference, norm] = [0, 0];
  for (let i = 0; i < y.length; i += 1) {
    difference += (x[i]! - y[i]!) ** 2;
    norm += y[i]! ** 2;
  }
  return Math.sqrt(difference / norm);
}

describe.each(METHODS.map(({ id, changesBase }) => [id, changesBase] as const))(
  'method %s',
  (id, changesBase) => {
    const request = (more: Partial = {}): Partial => ({
      model: { uri: TINY_BERT },
      targetModules: ['query', 'value', 'output.dense', 'intermediate.dense'],
      adapter: lora({ rank: 3, alpha: 6 }),
      seed: 7n,
      start: startOf(id),
      ...more,
    });

    it('leaves the model as it was: residual + s·B·A is the weight, or B is zero', async () => {
      for (const rankStabilized of [false, true]) {
        const made = await make(request({ adapter: lora({ rank: 3, alpha: 6, rankStabilized }) }));
        const model = await openModel(TINY_BERT);
        const adapter = await readAdapter(made.adapter);
        expect(adapter.modules.size).toBeGreaterThan(4);
        const residual = changesBase ? await openModel(made.residual) : undefined;
        for (const [path, pair] of adapter.modules) {
          const weight = await model.read(`${path}.weight`, 'f64');
          const product = await delta(pair);
          if (residual === undefined) {
            expect(pair.b.every((value) => value === 0)).toBe(true);
            expect(pair.a.some((value) => value !== 0)).toBe(true);
            continue;
          }
          const rest = await residual.read(`${path}.weight`, 'f64');
          expect(
            distance(
              rest.map((value, i) => value + product[i]!),
              weight,
            ),
          ).toBeLessThan(1e-6);
          expect(distance(rest, weight)).toBeGreaterThan(1e-3);
        }
      }
    });

    it('gives every pair its rank, in f32, and says so', async () => {
      const made = await make(request());
      const adapter = await readAdapter(made.adapter);
      const ranks = [...adapter.modules.values()].map(({ rank }) => rank);
      const report = JSON.parse(await readFile(join(made.adapter, 'report.json'), 'utf8')) as Report;
      const rows = report.tables.find((table) => table.id === 'modules')?.rows ?? [];
      expect(Object.fromEntries(rows.map(({ module, rank }) => [module, rank]))).toEqual(
        Object.fromEntries([...adapter.modules].map(([path, { rank }]) => [path, rank])),
      );
      expect(made.response.metrics['modules']).toBe(adapter.modules.size);
      if (id !== 'eva') expect(new Set(ranks)).toEqual(new Set([3]));
      const targets = [...(await openModel(TINY_BERT)).tensors.keys()].filter((name) =>
        /(query|value|output\.dense|intermediate\.dense)\.weight$/.test(name),
      );
      expect(ranks.reduce((sum, rank) => sum + rank, 0)).toBe(3 * targets.length);
      for (const { scaling } of adapter.modules.values()) expect(scaling).toBeCloseTo(2, 12);
      const file = await SafetensorsFile.open(join(made.adapter, 'adapter_model.safetensors'));
      expect(new Set([...file.tensors.values()].map(({ dtype }) => dtype))).toEqual(new Set(['F32']));
    });

    it('gives the same bytes for any number of threads', async () => {
      const bytes = async (threads: number): Promise<Buffer[]> => {
        setThreads(threads);
        const { adapter } = await make(request());
        const names = (await readdir(adapter)).filter((name) => name !== 'manifest.json').sort();
        return Promise.all(names.map((name) => readFile(join(adapter, name))));
      };
      const [one, three] = [await bytes(1), await bytes(3)];
      setThreads(0);
      expect(one).toEqual(three);
    });

    it('is estimated', async () => {
      const { estimate } = await runtime.submit(
        'init',
        init.InitAdapterRequest.fromPartial({ ...request(), validateOnly: true }),
      );
      expect(estimate?.durationSeconds).toBeGreaterThan(0);
      expect(Number(estimate?.diskBytes)).toBeGreaterThan(0);
    });
  },
);

describe.each(BY_MODULE)('start $id, module by module,', ({ id }) => {
  it('does not let a module depend on which others are adapted', async () => {
    const start = async (targetModules: string[]) => {
      const made = await make({
        model: { uri: TINY_BERT },
        targetModules,
        adapter: lora({ rank: 3 }),
        seed: 7n,
        start: startOf(id),
      });
      return (await readAdapter(made.adapter)).modules;
    };
    const [whole, part] = [await start(['query', 'key', 'value']), await start(['value'])];
    expect(part.size).toBeGreaterThan(0);
    for (const [path, pair] of part) expect(pair.a).toEqual(whole.get(path)!.a);
  });
});

describe('default', () => {
  it('draws A uniformly within ±1/√in, and other numbers for another seed', async () => {
    const request = (seed: bigint): Partial => ({
      model: { uri: BASE },
      targetModules: ['down_proj'],
      adapter: lora({ rank: 16 }),
      seed,
    });
    const read = async (seed: bigint): Promise<Float32Array> =>
      (await readAdapter((await make(request(seed))).adapter)).modules.get('model.layers.0.mlp.down_proj')!.a;
    const a = await read(1n);
    const bound = 1 / Math.sqrt(48);
    expect(Math.max(...a.map(Math.abs))).toBeLessThanOrEqual(bound);
    // Variance of U(±b) is b²/3; 768 draws give it to some per cent.
    const variance = a.reduce((sum, value) => sum + value * value, 0) / a.length;
    expect(variance / (bound ** 2 / 3)).toBeGreaterThan(0.85);
    expect(variance / (bound ** 2 / 3)).toBeLessThan(1.15);
    expect(await read(2n)).not.toEqual(a);
  });
});

/** Folders of starts that PEFT 0.21 made, in tests/golden/peft/init, and the same start of ours. */
const OF_PEFT: readonly [string, StartChoice][] = [
  ['pissa', { $case: 'pissa', value: {} }],
  ['pissa', { $case: 'pissa', value: { powerIterations: 4 } }],
  ['olora', { $case: 'olora', value: {} }],
];

test.each(OF_PEFT)('start %s takes out what PEFT takes out: %j', async (golden, kind) => {
  const made = await make({
    model: { uri: BASE },
    targetModules: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
    adapter: lora({ rank: 4, alpha: 8 }),
    seed: 3n,
    start: { kind },
  });
  const [ours, peft] = [await readAdapter(made.adapter), await readAdapter(join(GOLDEN, 'init', golden))];
  const expected = await SafetensorsFile.open(join(GOLDEN, 'init', golden, 'residual.safetensors'));
  const residual = await openModel(made.residual);
  expect([...ours.modules.keys()]).toEqual([...peft.modules.keys()]);
  for (const [path, pair] of ours.modules) {
    expect(distance(await delta(pair), await delta(peft.modules.get(path)!))).toBeLessThan(1e-5);
    const name = `${path}.weight`;
    expect(distance(await residual.read(name, 'f64'), await expected.read(name, 'f64'))).toBeLessThan(1e-5);
  }
});

describe('pissa', () => {
  const targets = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'];
  const request = (): Partial => ({
    model: { uri: BASE },
    targetModules: targets,
    adapter: lora({ rank: 4, alpha: 8 }),
    start: startOf('pissa'),
  });

  it('splits the singular values evenly: A·Aᵀ = Bᵀ·B = diag(S/s)', async () => {
    const made = await make(request());
    const model = await openModel(BASE);
    for (const [path, { a, b, rank, scaling, aShape, bShape }] of (await readAdapter(made.adapter)).modules) {
      const data = await model.read(`${path}.weight`, 'f64');
      const { s } = await svd({ rows: bShape[0]!, columns: aShape[1]!, data }, { vectors: 'none' });
      const left = { rows: rank, columns: aShape[1]!, data: Float64Array.from(a) };
      const right = { rows: bShape[0]!, columns: rank, data: Float64Array.from(b) };
      const grams = [
        await matmul(left, left, { transposeB: true }),
        await matmul(right, right, { transposeA: true }),
      ];
      for (const gram of grams) {
        gram.data.forEach((value, at) => {
          const [i, j] = [Math.floor(at / rank), at % rank];
          expect(Math.abs(value - (i === j ? s[i]! / scaling : 0))).toBeLessThan(1e-6 * s[0]!);
        });
      }
    }
  });

  it('leaves every other tensor as it was, byte for byte, and says what the adapter belongs to', async () => {
    const made = await make(request());
    const [before, after] = [await openModel(BASE), await openModel(made.residual)];
    expect([...after.tensors.keys()].sort()).toEqual([...before.tensors.keys()].sort());
    for (const name of before.tensors.keys()) {
      if (targets.some((target) => name.endsWith(`${target}.weight`))) continue;
      expect(await after.readRaw(name)).toEqual(await before.readRaw(name));
    }
    const config = JSON.parse(await readFile(join(made.adapter, 'adapter_config.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    expect(config['init_lora_weights']).toBe(true);
    expect(await readFile(join(made.adapter, 'README.md'), 'utf8')).toContain('belongs to the residual base');
    expect(JSON.parse(await readFile(join(made.adapter, 'eigenloom_init.json'), 'utf8'))).toMatchObject({
      base: 'residual',
      method: 'pissa',
    });
  });
});

describe('requests', () => {
  const good: Partial = {
    model: { uri: TINY_BERT },
    targetModules: ['query'],
    adapter: lora({ rank: 2 }),
  };
  it.each([
    ['rank 0', { adapter: lora({ rank: 0 }) }, 'OUT_OF_RANGE', 'lora.rank: 0'],
    ['a rank above the shape', { adapter: lora({ rank: 1000 }) }, 'OUT_OF_RANGE', 'smaller side of'],
    ['a negative alpha', { adapter: lora({ alpha: -1 }) }, 'OUT_OF_RANGE', 'lora.alpha'],
    ['alpha 0', { adapter: lora({ alpha: 0 }) }, 'OUT_OF_RANGE', 'lora.alpha'],
    ['a dropout of 1', { adapter: lora({ dropout: 1 }) }, 'OUT_OF_RANGE', 'lora.dropout'],
    [
      'a part of the model that is no module as target',
      { targetModules: ['attention.self'] },
      'TARGET_NOT_LINEAR',
      'is made of other modules; name those that are linear: "key", "query", "value"',
    ],
    [
      'targets that are trained in full',
      { targetModules: ['classifier'], modulesToSave: ['classifier'] },
      'PATTERN_MATCHES_NOTHING',
      'trained in full (classifier',
    ],
    ['no target', { targetModules: [] }, 'FIELD_MISSING', 'target_modules'],
    ['a target without a match', { targetModules: ['qurey'] }, 'PATTERN_MATCHES_NOTHING', '"query"'],
    ['a vector as target', { targetModules: ['LayerNorm'] }, 'TARGET_NOT_A_MATRIX', 'LayerNorm'],
    [
      'an embedding as target',
      { targetModules: ['word_embeddings'] },
      'TARGET_NOT_LINEAR',
      'word_embeddings',
    ],
    ['eva without data', { start: { kind: { $case: 'eva', value: {} } } }, 'FIELD_MISSING', 'eva.data.uri'],
    [
      'ρ below 1',
      { start: { kind: { $case: 'eva', value: { data: { uri: 'x' }, rho: 0.5 } } } },
      'OUT_OF_RANGE',
      'eva.rho',
    ],
    [
      'batches of 0',
      { start: { kind: { $case: 'eva', value: { data: { uri: 'x' }, batching: { batchSize: 0 } } } } },
      'OUT_OF_RANGE',
      'eva.batching.batch_size',
    ],
    [
      'the first 0 examples',
      { start: { kind: { $case: 'eva', value: { data: { uri: 'x', limit: 0 } } } } },
      'OUT_OF_RANGE',
      'eva.data.limit',
    ],
  ] as [string, Partial, string, string][])('with %s are refused', async (_, change, reason, named) => {
    const request = init.InitAdapterRequest.fromPartial({ ...good, ...change });
    await expect(runtime.submit('init', request)).rejects.toMatchObject({
      reason,
      message: expect.stringContaining(named) as string,
    });
  });

  it('name a tensor with values that are not finite', async () => {
    const path = join(folder, 'nan.safetensors');
    const plan = { name: 'layer.query.weight', dtype: 'F32', shape: [4, 4] } as const;
    const writer = await SafetensorsWriter.create(path, [plan], {}, { allowNonFinite: true });
    await writer.write('layer.query.weight', new Float32Array(16).fill(NaN, 5, 6));
    await writer.finish();
    const request: Partial = { ...good, model: { uri: path }, start: startOf('pissa') };
    await expect(make(request)).rejects.toMatchObject({
      reason: 'NON_FINITE_INPUT',
      message: expect.stringContaining('layer.query.weight') as string,
    });
  });

  it('store modules that are trained in full beside the pairs', async () => {
    const made = await make({ ...good, modulesToSave: ['classifier'], taskType: 'SEQ_CLS' });
    const adapter = await readAdapter(made.adapter);
    const model = await openModel(TINY_BERT);
    expect(adapter.settings.modulesToSave).toEqual(['classifier']);
    expect(adapter.savedTensors.get('classifier.weight')?.data).toEqual(
      await model.read('classifier.weight', 'f32'),
    );
    expect(made.response.residual).toBeUndefined();
  });

  it('store a head that is the embeddings too', async () => {
    const tied = join(GOLDEN, '..', 'tied', 'base');
    const made = await make({
      ...good,
      model: { uri: tied },
      targetModules: ['q_proj'],
      modulesToSave: ['lm_head'],
    });
    const adapter = await readAdapter(made.adapter);
    const embeddings = await (await openModel(tied)).read('model.embed_tokens.weight', 'f32');
    expect(adapter.savedTensors.get('lm_head.weight')?.data).toEqual(embeddings);
    const folded = await openModel(tied, { adapters: [made.adapter] });
    expect(folded.config['tie_word_embeddings']).toBe(true);
  });

  it('all-linear means every linear module, and not the head of a classifier', async () => {
    const made = await make({ ...good, targetModules: ['all-linear'], taskType: 'SEQ_CLS' });
    const { modules, settings } = await readAdapter(made.adapter);
    const leaves = new Set([...modules.keys()].map((path) => path.replace(/^.*\.\d+\./, '')));
    expect([...leaves].sort()).toEqual([
      'attention.output.dense',
      'attention.self.key',
      'attention.self.query',
      'attention.self.value',
      'bert.pooler.dense',
      'intermediate.dense',
      'output.dense',
    ]);
    expect([...settings.targetModules].sort()).toEqual([...modules.keys()].sort());
    const folded = await openModel(TINY_BERT, { adapters: [made.adapter] });
    expect([...folded.tensors.keys()]).toEqual([...(await openModel(TINY_BERT)).tensors.keys()]);
  });

  it('names folded adapters in the lineage', async () => {
    const first = await make(good);
    const second = await make({ ...good, model: { uri: TINY_BERT, adapters: [first.adapter] } });
    const manifest = JSON.parse(await readFile(join(second.adapter, 'manifest.json'), 'utf8')) as {
      inputs: Record<string, string>;
    };
    expect(Object.keys(manifest.inputs)).toEqual(
      expect.arrayContaining([
        'model/model.safetensors',
        'model/adapters/0/adapter_config.json',
        'model/adapters/0/adapter_model.safetensors',
      ]),
    );
  });
});

describe('weights stored (in, out), as in GPT-2', () => {
  const GPT2 = join(GOLDEN, '..', 'peft-more', 'bases', 'gpt2');
  it.each(BY_MODULE)(
    '$id: residual and pair make the weight, and the config says how it is stored',
    async ({ id, changesBase }) => {
      const made = await make({
        model: { uri: GPT2 },
        targetModules: ['all-linear'],
        adapter: lora({ rank: 3, alpha: 6 }),
        seed: 7n,
        start: startOf(id),
      });
      const adapter = await readAdapter(made.adapter);
      expect(adapter.settings.fanInFanOut).toBe(true);
      const base = await openModel(GPT2);
      const [from, modules] = [changesBase ? made.residual : GPT2, [...adapter.modules]];
      const [residual, whole] = [await openModel(from), await openModel(from, { adapters: [made.adapter] })];
      expect(modules.length).toBeGreaterThan(3);
      for (const [path, { aShape, bShape }] of modules) {
        const name = `${path}.weight`;
        expect([aShape[1], bShape[0]]).toEqual(base.tensors.get(name)?.shape);
        const weight = await base.read(name, 'f64');
        expect(distance(await whole.read(name, 'f64'), weight)).toBeLessThan(1e-6);
        if (changesBase) expect(distance(await residual.read(name, 'f64'), weight)).toBeGreaterThan(1e-2);
      }
    },
  );
});
