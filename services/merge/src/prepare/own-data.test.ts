import { appendFile, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openModel, writeAdapter } from '@eigenloom/checkpoint';
import { withoutSpecialTokens } from '@eigenloom/checkpoint/dist/testing/without-special-tokens.js';
import { common, merge } from '@eigenloom/contracts';
import { setBackend } from '@eigenloom/engine';
import { evaluationBatches } from '@eigenloom/datasets';
import { loadClassifierHead, loadNetwork, loadTokenizer, makeBatch, tokenize } from '@eigenloom/models';
import { type Dtype, randomNormal, SafetensorsFile, SafetensorsWriter, setThreads } from '@eigenloom/numeric';

import { mergeKind } from '../kind.js';
import {
  type CountingContext,
  contextIn,
  countingIn,
  modelWith,
  modelsGolden,
  newFolder,
  requestOf,
} from '../testing/job-context.js';
import { fisherDiagonal } from './statistics/fisher.js';
import { gramGroups, gramMatrices, gramName } from './statistics/gram.js';
import { classLikelihood } from './statistics/likelihood.js';

// Each statistic starts a worker.
const TEXTS = [
  ['a b c', 'spam ham', 'hello there', 'one two three four'],
  ['other words', 'five six', 'a'],
];
const WEIGHTS = [1, 0.5];

let folder: string;
beforeAll(async () => {
  await setBackend('native');
  folder = await newFolder();
  for (const [i, texts] of TEXTS.entries()) {
    // Labels are not read: the second file has none.
    const lines = texts.map((text) => JSON.stringify(i === 0 ? { text, label: 'x' } : { text }));
    await writeFile(join(folder, `texts-${i}.jsonl`), `${lines.join('\n')}\n`);
  }
  for (const name of ['tiny-bert-classifier', 'tiny-llama'])
    for (const i of [0, 1]) await perturbed(name, i, join(folder, `${name}-${i}`));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A checkpoint with a little noise: the fine-tuned models of one base. */
async function perturbed(name: string, stream: number, to: string, stored?: Dtype): Promise<void> {
  await mkdir(to);
  const from = modelsGolden(name);
  for (const file of await readdir(from))
    if (!file.endsWith('.safetensors')) await writeFile(join(to, file), await readFile(join(from, file)));
  const source = await SafetensorsFile.open(join(from, 'model.safetensors'));
  const plans = [...source.tensors.values()].map(({ name: tensor, dtype, shape }) => ({
    name: tensor,
    dtype: stored ?? dtype,
    shape,
  }));
  const writer = await SafetensorsWriter.create(join(to, 'model.safetensors'), plans);
  for (const [at, { name: tensor }] of plans.entries()) {
    const values = await source.read(tensor, 'f32');
    const noise = await randomNormal({
      seed: BigInt(stream),
      stream: BigInt(at),
      length: values.length,
      precision: 'f32',
    });
    await writer.write(
      tensor,
      values.map((value, i) => value + 0.1 * noise[i]!),
    );
  }
  await writer.finish();
}

const counting = (): CountingContext => countingIn(folder);

let count = 0;
function requestFor(
  name: string,
  method: object,
  more: Partial<merge.MergeRequest> = {},
): merge.MergeRequest {
  const models = [0, 1].map((i) =>
    modelWith(join(folder, `${name}-${i}`), {
      weight: WEIGHTS[i],
      data: { uri: join(folder, `texts-${i}.jsonl`) },
    }),
  );
  const output = join(folder, `out-${(count += 1)}`);
  return requestOf({
    models,
    outputUri: output,
    method: merge.MergeMethod.fromJSON(method),
    ...more,
  });
}

async function valuesIn(path: string): Promise<Map<string, Float64Array>> {
  const model = await openModel(path);
  const values = new Map<string, Float64Array>();
  for (const name of model.tensors.keys()) values.set(name, await model.read(name, 'f64'));
  return values;
}

async function run(request: merge.MergeRequest, context = counting()): Promise<Map<string, Float64Array>> {
  await mergeKind.validate(request, context);
  await mergeKind.run(request, context);
  return valuesIn(request.outputUri);
}

const tokens = async (i: number): Promise<Int32Array[]> =>
  tokenize(await loadTokenizer(modelsGolden('tiny-bert-classifier')), TEXTS[i]!, { maxLength: 128 });

/** Statistics of the classifier computed here, without worker, file and cache. */
async function direct(
  i: number,
): Promise<{ fisher: Map<string, Float32Array>; gram: Map<string, Float32Array> }> {
  const model = await openModel(join(folder, `tiny-bert-classifier-${i}`));
  const { signal } = new AbortController();
  const open = async () => {
    const network = await loadNetwork(model);
    return { network, head: (await loadClassifierHead(network, model)).head };
  };
  const rows = await tokens(i);
  const { network, head } = await open();
  const batches = evaluationBatches(
    rows.map(({ length }) => length),
    32,
  ).map((indices) =>
    makeBatch(
      Array.from(indices, (at) => rows[at]!),
      0,
    ),
  );
  const grams = [...gramMatrices(network, head, batches, { signal, onBatch: () => undefined })];
  const byGroup = new Map(grams.map(({ name, values }) => [name, values]));
  const gram = new Map(
    gramGroups(network, head).flatMap((group) =>
      group.modules.map((module) => [`${module}.weight`, byGroup.get(gramName(group))!] as const),
    ),
  );
  const likelihood = classLikelihood(network, head, 'exact', 0n);
  const fishers = [...fisherDiagonal(network, likelihood, rows, { signal, onText: () => undefined })];
  network.dispose();
  return { fisher: new Map(fishers.map(({ name, values }) => [name, values])), gram };
}

const BERT = 'tiny-bert-classifier';
const inputs = (name = BERT): Promise<Map<string, Float64Array>[]> =>
  Promise.all([0, 1].map((i) => valuesIn(join(folder, `${name}-${i}`))));

function expectClose(own: Float64Array | undefined, expected: (at: number) => number, bound = 1e-6): void {
  expect(own).toBeDefined();
  const peak = own!.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  own!.forEach((value, at) => {
    expect(Math.abs(value - expected(at)) / peak).toBeLessThan(bound);
  });
}

const mean = (values: readonly Float64Array[], at: number): number =>
  (WEIGHTS[0]! * values[0]![at]! + WEIGHTS[1]! * values[1]![at]!) / (WEIGHTS[0]! + WEIGHTS[1]!);

describe('fisher', () => {
  const floor = 1e-4;

  it.each([false, true])('is Σ w(F + floor)θ / Σ w(F + floor), normalised: %s', async (normalize) => {
    const merged = await run(requestFor(BERT, { fisher: { floor, normalize } }));
    const statistics = await Promise.all([direct(0), direct(1)]);
    const models = await inputs();
    const norms = statistics.map(({ fisher }) => {
      const squares = [...fisher.values()].map((values) => values.reduce((sum, f) => sum + f * f, 0));
      return Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
    });
    expect(statistics[0].fisher.size).toBe(merged.size);
    for (const [name, own] of merged) {
      expectClose(own, (at) => {
        const factors = WEIGHTS.map(
          (w, i) => (w / (normalize ? norms[i]! : 1)) * (statistics[i]!.fisher.get(name)![at]! + floor),
        );
        const sum = factors.reduce((total, factor, i) => total + factor * models[i]!.get(name)![at]!, 0);
        return sum / factors.reduce((total, factor) => total + factor);
      });
    }
  });

  it('of language models covers tied embeddings, and its draws follow the seed', async () => {
    const request = requestFor('tiny-llama', { fisher: {} });
    const first = await run(request);
    const again = await run({ ...request, outputUri: join(folder, 'llama-again') });
    const other = await run({ ...request, seed: 5n, outputUri: join(folder, 'llama-other') });
    const models = await inputs('tiny-llama');
    const name = 'model.embed_tokens.weight';
    expect(again).toEqual(first);
    expect(other.get(name)).not.toEqual(first.get(name));
    // Not the plain mean, and within the models.
    const own = first.get(name)!;
    const [a, b] = models.map((values) => values.get(name)!);
    expect(own.some((value, at) => Math.abs(value - mean([a!, b!], at)) > 1e-3)).toBe(true);
    own.forEach((value, at) => {
      expect(value).toBeGreaterThanOrEqual(Math.min(a![at]!, b![at]!) - 1e-6);
      expect(value).toBeLessThanOrEqual(Math.max(a![at]!, b![at]!) + 1e-6);
    });
  });
});

describe('regmean', () => {
  const alpha = 0.8;

  it('satisfies the normal equations in every linear module, and is the mean elsewhere', async () => {
    const merged = await run(requestFor(BERT, { regmean: { alpha } }));
    const statistics = await Promise.all([direct(0), direct(1)]);
    const models = await inputs();
    const fitted = [...statistics[0].gram.keys()];
    // Two layers of six modules, the pooler and the classifier.
    expect(fitted).toHaveLength(14);
    for (const [name, own] of merged) {
      const grams = statistics.map(({ gram }) => gram.get(name));
      if (grams[0] === undefined) {
        expectClose(own, (at) => mean([models[0]!.get(name)!, models[1]!.get(name)!], at));
        continue;
      }
      const width = Math.sqrt(grams[0].length);
      let [residual, size] = [0, 0];
      for (let row = 0; row < own.length / width; row += 1) {
        for (let column = 0; column < width; column += 1) {
          let [sum, terms] = [0, 0];
          for (const [i, w] of WEIGHTS.entries()) {
            for (let k = 0; k < width; k += 1) {
              const g = w * grams[i]![k * width + column]! * (k === column ? 1 : alpha);
              const at = row * width + k;
              sum += (own[at]! - models[i]!.get(name)![at]!) * g;
              terms += Math.abs(models[i]!.get(name)![at]! * g);
            }
          }
          residual = Math.max(residual, Math.abs(sum));
          size = Math.max(size, terms);
        }
      }
      expect(residual / size).toBeLessThan(1e-6);
    }
  });

  it.each(['regmean', 'fisher'])('%s of a model with itself is the model', async (id) => {
    const request = requestFor(BERT, { [id]: {} }, { allowUnchanged: true });
    const same = { ...request.models[1]!, model: request.models[0]!.model };
    const merged = await run({ ...request, models: [request.models[0]!, same] });
    const [model] = await inputs();
    for (const [name, own] of merged) expectClose(own, (at) => model!.get(name)![at]!, 1e-5);
  });
});

describe.each(['fisher', 'regmean'])('%s', (id) => {
  it('gives the same bytes whatever the number of threads, and nearly the same in another order', async () => {
    const request = requestFor(BERT, { [id]: {} });
    const merged = await run(request);
    setThreads(1);
    const alone = await run({ ...request, outputUri: join(folder, `${id}-one-thread`) });
    setThreads(0);
    expect(alone).toEqual(merged);
    const models = [...request.models].reverse();
    const swapped = await run({ ...request, models, outputUri: join(folder, `${id}-swapped`) });
    for (const [name, own] of merged) expectClose(swapped.get(name), (at) => own[at]!, 1e-5);
  });

  it('of bf16 models is rounded once to bf16', async () => {
    for (const i of [0, 1]) await perturbed(BERT, i, join(folder, `${id}-bf16-${i}`), 'BF16');
    const request = requestFor(`${id}-bf16`, { [id]: {} });
    const merged = await run(request);
    const wide = await run({
      ...request,
      outputDataType: common.DataType.F32,
      outputUri: join(folder, `${id}-wide`),
    });
    const result = await openModel(request.outputUri);
    expect(new Set([...result.tensors.values()].map(({ dtype }) => dtype))).toEqual(new Set(['BF16']));
    // Eight significant bits: half a unit in the last place is at most 2⁻⁸ of the value.
    for (const [name, own] of merged)
      own.forEach((value, at) => {
        const exact = wide.get(name)![at]!;
        expect(Math.abs(value - exact)).toBeLessThanOrEqual(2 ** -8 * Math.abs(exact));
      });
  });
});

describe('statistics', () => {
  it('are computed once for all merges that need them, and anew when damaged or when the texts change', async () => {
    const first = counting();
    const request = requestFor(BERT, { fisher: { examples: 3 } });
    const result = await run(request, first);
    expect(first.computed).toBe(2);
    const second = counting();
    const again = await run({ ...request, outputUri: join(folder, 'again') }, second);
    expect(second.computed).toBe(0);
    expect(again).toEqual(result);
    const other = counting();
    const floored = merge.MergeMethod.fromJSON({ fisher: { examples: 3, floor: 1 } });
    await run({ ...request, method: floored, seed: 9n, outputUri: join(folder, 'floor') }, other);
    expect(other.computed).toBe(0);

    const cache = join(folder, 'cache');
    const sizes = await Promise.all(
      (await readdir(cache)).map(async (entry) => ({ entry, files: await readdir(join(cache, entry)) })),
    );
    const damaged = sizes.find(({ files }) => files.includes('statistic.safetensors'))!;
    for (const { entry } of sizes) await appendFile(join(cache, entry, 'statistic.safetensors'), 'x');
    const third = counting();
    const repaired = await run({ ...request, outputUri: join(folder, 'repaired') }, third);
    expect(damaged).toBeDefined();
    expect(third.computed).toBe(2);
    expect(repaired).toEqual(result);

    await appendFile(join(folder, 'texts-0.jsonl'), '{"text": "more"}\n');
    const fourth = counting();
    await run({ ...request, outputUri: join(folder, 'more') }, fourth);
    expect(fourth.computed).toBe(1);
  });

  it('that are cancelled leave nothing behind', async () => {
    const controller = new AbortController();
    const place = join(folder, 'cancelled');
    const context = {
      ...contextIn(place, controller.signal),
      progress: ({ phase }: { phase?: string }) => {
        if (phase === 'computing Fisher information') controller.abort();
      },
    };
    await expect(mergeKind.run(requestFor(BERT, { fisher: {} }), context)).rejects.toMatchObject({
      name: expect.stringMatching(/AbortError|AppError/) as string,
    });
    await expect(readdir(join(place, 'cache'))).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readdir(join(place, 'scratch'))).toEqual([]);
  });

  const exact = { fisher: { labels: 'FISHER_LABELS_EXACT' } };
  it.each<[string, string, object, (request: merge.MergeRequest) => merge.MergeRequest, object]>([
    [
      'a model without examples',
      BERT,
      { fisher: {} },
      (request) => ({ ...request, models: request.models.map((model) => ({ ...model, data: undefined })) }),
      { reason: 'FIELD_MISSING', message: expect.stringContaining('models[0].data') as string },
    ],
    [
      'all classes of a language model',
      'tiny-llama',
      exact,
      (request) => request,
      { reason: 'OUT_OF_RANGE' },
    ],
    [
      'a negative weight',
      BERT,
      { regmean: {} },
      (request) => ({ ...request, models: request.models.map((model) => ({ ...model, weight: -1 })) }),
      { reason: 'OUT_OF_RANGE' },
    ],
    ['alpha above 1', BERT, { regmean: { alpha: 1.1 } }, (request) => request, { reason: 'OUT_OF_RANGE' }],
    ['a floor below 0', BERT, { fisher: { floor: -1 } }, (request) => request, { reason: 'OUT_OF_RANGE' }],
  ])('refuse %s before anything runs', async (_, name, method, change, error) => {
    await expect(mergeKind.validate(change(requestFor(name, method)), counting())).rejects.toMatchObject(
      error,
    );
  });
});

describe('beside a model that an adapter untied', () => {
  const HEAD = 'lm_head.weight';
  const adapter = (): string => join(folder, 'untying');
  beforeAll(async () => {
    const { shape, values } = await headOf(join(folder, 'tiny-llama-1'));
    await mkdir(adapter());
    await writeAdapter(adapter(), {
      modules: new Map(),
      savedTensors: new Map([[HEAD, { shape, data: values.map((value, at) => value + (at % 5) / 10) }]]),
      settings: {
        ...{ rank: 1, alpha: 1, rankStabilized: false, fanInFanOut: false, dropout: 0 },
        ...{ targetModules: [], modulesToSave: ['lm_head'], taskType: 'CAUSAL_LM' },
        ...{ baseModel: '', initLoraWeights: true },
      },
    });
  });

  async function headOf(path: string): Promise<{ shape: readonly number[]; values: Float32Array }> {
    const model = await openModel(path);
    const { name, shape } = model.tensors.get('model.embed_tokens.weight')!;
    return { shape, values: await model.read(name, 'f32') };
  }

  const request = (method: object): merge.MergeRequest => {
    const plain = requestFor('tiny-llama', method);
    const [first, second] = plain.models;
    const untied = { ...second!, model: { uri: second!.model!.uri, adapters: [adapter()] } };
    return { ...plain, models: [first!, untied] };
  };

  it('the statistic of a tied model has its head apart from its embeddings, and is kept apart', async () => {
    const context = counting();
    await run(requestFor('tiny-llama', { fisher: { floor: 1e-9 } }), context);
    const computed = context.computed;
    const merged = await run(request({ fisher: { floor: 1e-9 } }), context);
    // Both anew: the tied model is seen untied now.
    expect(context.computed - computed).toBe(2);
    const first = (await headOf(join(folder, 'tiny-llama-0'))).values;
    const second = (await headOf(join(folder, 'tiny-llama-1'))).values.map(
      (value, at) => value + (at % 5) / 10,
    );
    const plain = first.map((value, at) => mean([Float64Array.of(value), Float64Array.of(second[at]!)], 0));
    const own = merged.get(HEAD)!;
    // Weighed element by element, not one mean for all, and within the models.
    expect(own.filter((value, at) => Math.abs(value - plain[at]!) > 1e-3).length).toBeGreaterThan(
      own.length / 4,
    );
    own.forEach((value, at) => {
      expect(value).toBeGreaterThanOrEqual(Math.min(first[at]!, second[at]!) - 1e-6);
      expect(value).toBeLessThanOrEqual(Math.max(first[at]!, second[at]!) + 1e-6);
    });
  });

  it('regmean has the head of both', async () => {
    const merged = await run(request({ regmean: {} }));
    expect(merged.has(HEAD)).toBe(true);
  });
});

describe('texts', () => {
  it.each(['fisher', 'regmean'])(
    'without tokens are refused where a classifier reads them: %s',
    async (id) => {
      const bad = join(folder, 'bad.jsonl');
      await writeFile(bad, '{"text": "a b"}\n{"text": ""}\n');
      const data = { uri: bad };
      for (const name of [BERT, 'tiny-llama']) {
        for (const i of [0, 1]) {
          await withoutSpecialTokens(join(folder, `${name}-${i}`), join(folder, `${id}-bare-${name}-${i}`));
        }
      }
      const request = requestFor(`${id}-bare-${BERT}`, { [id]: {} });
      const models = [request.models[0]!, { ...request.models[1]!, data }];
      await expect(run({ ...request, models })).rejects.toMatchObject({
        reason: 'TEXT_EMPTY',
        message: expect.stringMatching(
          /models\[1\]\.data: bad\.jsonl:2: the text "" has no tokens/,
        ) as string,
      });
      const language = requestFor(`${id}-bare-tiny-llama`, { [id]: {} });
      await run({ ...language, models: language.models.map((model) => ({ ...model, data })) });
    },
  );

  it('longer than a model reads are cut, and a length that it does not read is refused', async () => {
    const long = join(folder, 'long.txt');
    await writeFile(long, `${'a b c d '.repeat(40)}\n`);
    const data = { uri: long };
    const request = requestFor('tiny-llama', { fisher: {} });
    // 64 positions; the default is 128 tokens.
    await run({ ...request, models: request.models.map((model) => ({ ...model, data })) });
    const asked = requestFor('tiny-llama', { fisher: { max_length: 65 } });
    await expect(mergeKind.validate(asked, counting())).rejects.toMatchObject({
      reason: 'OUT_OF_RANGE',
      message: "fisher.max_length: 65 is above the model's 64 positions; set it to at most 64",
    });
  });
});
