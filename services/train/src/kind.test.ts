import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openModel, readAdapter, writeAdapter } from '@eigenloom/checkpoint';
import type { train } from '@eigenloom/contracts';
import { conflict } from '@eigenloom/errors';
import { setBackend } from '@eigenloom/engine';
import {
  evaluateClassifier,
  loadClassifierHead,
  loadNetwork,
  loadTokenizer,
  TextExamples,
} from '@eigenloom/models';
import {
  contextIn,
  newFolder,
  requestOf,
  runReport,
  TINY_BERT,
  TINY_LLAMA,
  withoutNativeHead,
  writeExamples,
  writeResidual,
  writeTinyAdapter,
} from './testing/tiny-runs.js';
import { trainKind } from './kind.js';

const MODULES = [0, 1].flatMap((i) =>
  ['query', 'value'].map((name) => `bert.encoder.layer.${i}.attention.self.${name}`),
);

let folder: string;
let data: { trainData: object; validationData: object };
let adapter: string;
beforeAll(async () => {
  folder = await newFolder();
  data = {
    trainData: { uri: await writeExamples(folder, 'train.jsonl', 60) },
    validationData: { uri: await writeExamples(folder, 'validation.jsonl', 20, 60) },
  };
  adapter = await writeTinyAdapter(folder, TINY_BERT, MODULES);
});
afterAll(() => rm(folder, { recursive: true }));

let runs = 0;
const lora = (changes: object = {}): train.TrainRequest =>
  requestOf({
    seed: '7',
    outputUri: join(folder, `out-${++runs}`),
    model: { uri: TINY_BERT },
    ...data,
    adapter: { uri: adapter, dropout: 0.1 },
    sequenceClassification: {},
    optimizer: { learningRate: 0.02 },
    schedule: { warmupSteps: 3 },
    batching: { batchSize: 8, maxLength: 128 },
    maxSteps: 30,
    evalSteps: 10,
    checkpointSteps: 4,
    keepBest: true,
    ...changes,
  });
const scratch = async (): Promise<string> => {
  const path = join(folder, `scratch-${++runs}`);
  await mkdir(path);
  return path;
};
const files = async (path: string): Promise<Record<string, string>> => {
  const names = (await readdir(path)).sort();
  return Object.fromEntries(
    await Promise.all(
      names.map(async (name) => [name, (await readFile(join(path, name))).toString('base64')] as const),
    ),
  );
};
/** Runs until the checkpoint of a step: `cancel` aborts the job there, `refuse` is a fence that fails, which loses the checkpoint. */
const stopped = async (
  request: train.TrainRequest,
  where: string,
  step: number,
  how: 'cancel' | 'refuse',
): Promise<void> => {
  const abort = new AbortController();
  let latest = 0;
  const context = contextIn(where, abort.signal, ({ metrics }) => {
    latest = metrics?.['step'] ?? latest;
  });
  const fence = (): Promise<void> => {
    if (latest < step) return Promise.resolve();
    if (how === 'refuse') return Promise.reject(conflict('LEASE_LOST', 'lost'));
    abort.abort();
    return Promise.resolve();
  };
  const run = trainKind.run(request, { ...context, fence });
  await expect(run).rejects.toMatchObject({ reason: how === 'refuse' ? 'LEASE_LOST' : 'CANCELLED' });
};

describe('training an adapter', () => {
  it('lowers the loss, keeps the best step, and repeats to the byte', async () => {
    const request = lora();
    const response = await trainKind.run(request, contextIn(await scratch()));
    const report = await runReport(request.outputUri);
    expect(report.losses).toHaveLength(30);
    expect(report.evaluations.map(({ step }) => step)).toEqual([10, 20, 30]);
    const losses = report.evaluations.map(({ loss }) => loss);
    expect(losses.at(-1)).toBeLessThan((report.losses[0] ?? 0) * 0.8);
    const best = report.evaluations[losses.indexOf(Math.min(...losses))];
    expect(response.bestStep).toBe(best?.step);
    expect(response.metrics).toMatchObject({
      steps: 30,
      first_loss: report.losses[0],
      validation_loss: best?.loss,
      validation_accuracy: best?.accuracy,
      // Two moments in f32 of the pairs (256 numbers) and of the head (34).
      optimizer_bytes: 2 * 4 * (256 + 34),
    });
    const again = lora();
    await trainKind.run(again, contextIn(await scratch()));
    expect(await files(again.outputUri)).toEqual(await files(request.outputUri));
    const other = lora({ seed: '8' });
    await trainKind.run(other, contextIn(await scratch()));
    expect((await files(other.outputUri))['adapter_model.safetensors']).not.toEqual(
      (await files(request.outputUri))['adapter_model.safetensors'],
    );
  });

  it('ends the same when it is stopped and resumed, and when the newest checkpoint is damaged', async () => {
    const whole = lora();
    await trainKind.run(whole, contextIn(await scratch()));
    const expected = await files(whole.outputUri);

    const resumed = lora();
    const where = await scratch();
    // There is a checkpoint every fourth step.
    await stopped(resumed, where, 12, 'cancel');
    await stopped(resumed, where, 24, 'refuse');
    const checkpoints = (await readdir(join(where, 'checkpoints'))).sort();
    expect(checkpoints).toEqual(['step-000000016', 'step-000000020']);
    const [, newer = ''] = checkpoints;
    const newest = join(where, 'checkpoints', newer, 'tensors.safetensors');
    const bytes = await readFile(newest);
    bytes[bytes.length - 5] = (bytes[bytes.length - 5] ?? 0) ^ 1;
    await writeFile(newest, bytes);
    let first = 0;
    await trainKind.run(
      resumed,
      contextIn(where, undefined, ({ metrics }) => {
        if (first === 0) first = metrics?.['step'] ?? 0;
      }),
    );
    expect(first).toBe(17);
    expect(await files(resumed.outputUri)).toEqual(expected);
  });

  it('stores a native head as PEFT does and another under a name of its own', async () => {
    const first = lora({
      maxSteps: 2,
      evalSteps: undefined,
      keepBest: false,
      sequenceClassification: { pooling: 'POOLING_FIRST' },
    });
    await trainKind.run(first, contextIn(await scratch()));
    const native = await readAdapter(first.outputUri);
    expect(native.settings).toMatchObject({ taskType: 'SEQ_CLS', modulesToSave: ['classifier'] });
    expect([...native.savedTensors.keys()].sort()).toEqual(['classifier.bias', 'classifier.weight']);
    const mean = lora({ maxSteps: 2, evalSteps: undefined, keepBest: false });
    await trainKind.run(mean, contextIn(await scratch()));
    const own = await readAdapter(mean.outputUri);
    expect(own.settings).toMatchObject({ taskType: 'FEATURE_EXTRACTION', modulesToSave: [] });
    expect([...own.savedTensors.keys()].sort()).toEqual([
      'mean_pool_classifier.bias',
      'mean_pool_classifier.weight',
    ]);
    expect(JSON.parse(await readFile(join(mean.outputUri, 'config.json'), 'utf8'))).toMatchObject({
      id2label: { 0: 'ham', 1: 'spam' },
    });
  });

  it.each([false, true])(
    'is a plain pair for the untouched base when its start changed the base (rsLoRA %s)',
    async (rs) => {
      const start = rs ? await writeTinyAdapter(folder, TINY_BERT, MODULES, true) : adapter;
      const initial = await readAdapter(start);
      // The residual of a start that takes s·B·A out of the base is the base with −s·B·A added.
      const model = await openModel(TINY_BERT);
      const residual = await writeResidual(join(folder, `residual-${++runs}`), model, initial);
      const request = lora({
        adapter: { uri: start, residualUri: residual },
        maxSteps: 12,
        evalSteps: 6,
      });
      const response = await trainKind.run(request, contextIn(await scratch()));
      const trained = await readAdapter(request.outputUri);
      expect([...trained.modules.values()].every(({ rank }) => rank === 4)).toBe(true);
      expect(trained.settings.alpha).toBeCloseTo(rs ? 4 * Math.SQRT2 : 8, 12);
      // Folded into the untouched base, it gives the validation loss that training saw over the residual.
      await setBackend('cpu');
      const folded = await openModel(TINY_BERT, { adapters: [request.outputUri] });
      const network = await loadNetwork(folded);
      const { head } = await loadClassifierHead(network, withoutNativeHead(folded));
      const tokenizer = await loadTokenizer(TINY_BERT);
      const lines = (await readFile(join(folder, 'validation.jsonl'), 'utf8')).split('\n');
      const texts = lines.map((line) => {
        const { text, label } = JSON.parse(line) as { text: string; label: string };
        return { ids: Int32Array.from(tokenizer.encode(text, 128)), label: label === 'spam' ? 1 : 0 };
      });
      const { loss } = await evaluateClassifier(network, head, new TextExamples(texts, 0));
      const { evaluations } = await runReport(request.outputUri);
      expect(loss).toBeCloseTo(evaluations.find(({ step }) => step === response.bestStep)?.loss ?? 0, 5);
      network.dispose();
    },
  );
});

describe('full training', () => {
  it('writes a model with its tokenizer and classes', async () => {
    const request = lora({
      adapter: undefined,
      full: {},
      optimizer: { learningRate: 3e-3 },
      sequenceClassification: { pooling: 'POOLING_FIRST', labels: ['spam', 'ham'] },
    });
    await trainKind.run(request, contextIn(await scratch()));
    const { losses, evaluations } = await runReport(request.outputUri);
    expect(evaluations.at(-1)?.loss).toBeLessThan(losses[0] ?? 0);
    const model = await openModel(request.outputUri);
    expect(model.config).toMatchObject({
      id2label: { 0: 'spam', 1: 'ham' },
      architectures: ['BertForSequenceClassification'],
    });
    expect(model.tensors.get('classifier.weight')?.shape).toEqual([2, 16]);
    expect((await readdir(request.outputUri)).sort()).toEqual([
      'README.md',
      'config.json',
      'model.safetensors',
      'report.html',
      'report.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'training_log.jsonl',
    ]);
  });
});

describe('language modelling', () => {
  /** An adapter whose config has more keys. */
  const withConfig = async (modules: readonly string[], keys: object): Promise<string> => {
    const start = await writeTinyAdapter(await scratch(), TINY_LLAMA, modules);
    const path = join(start, 'adapter_config.json');
    const config = JSON.parse(await readFile(path, 'utf8')) as object;
    await writeFile(path, JSON.stringify({ ...config, ...keys }));
    return start;
  };
  const language = (changes: object): train.TrainRequest =>
    lora({
      model: { uri: TINY_LLAMA },
      sequenceClassification: undefined,
      causalLanguageModeling: {},
      batching: { batchSize: 8, maxLength: 32 },
      maxSteps: 2,
      evalSteps: undefined,
      keepBest: false,
      ...changes,
    });

  it('keeps embeddings and head apart in full training where a folded adapter parted them', async () => {
    const base = await openModel(TINY_LLAMA);
    const embeddings = await base.read('model.embed_tokens.weight', 'f32');
    const folded = await scratch();
    const settings = {
      ...{ rank: 2, alpha: 4, rankStabilized: false, fanInFanOut: false, dropout: 0, baseModel: '' },
      ...{ targetModules: [], modulesToSave: ['lm_head'], taskType: 'CAUSAL_LM', initLoraWeights: true },
    };
    const head = { shape: [64, 32], data: embeddings.map((value) => value + 1) };
    await writeAdapter(folded, {
      modules: new Map(),
      savedTensors: new Map([['lm_head.weight', head]]),
      settings,
    });
    const request = language({
      adapter: undefined,
      full: {},
      model: { uri: TINY_LLAMA, adapters: [folded] },
    });
    await trainKind.run(request, contextIn(await scratch()));
    const trained = await openModel(request.outputUri);
    expect(trained.config['tie_word_embeddings']).toBe(false);
    // Two steps move a weight by little; what was added stays the difference.
    const own = await trained.read('lm_head.weight', 'f32');
    const read = await trained.read('model.embed_tokens.weight', 'f32');
    expect(own.every((value, at) => Math.abs(value - (read[at] ?? NaN) - 1) < 0.5)).toBe(true);
    expect(own).not.toEqual(head.data);
  }, 120_000);

  it('says no more of its modules than it has', async () => {
    const modules = ['model.layers.0.self_attn.q_proj'];
    const start = await withConfig(modules, { layers_to_transform: [0] });
    const request = language({ adapter: { uri: start } });
    await trainKind.run(request, contextIn(await scratch()));
    expect((await readAdapter(request.outputUri)).settings.targetModules).toEqual(modules);
    await openModel(TINY_LLAMA, { adapters: [request.outputUri] });
  }, 120_000);

  it('refuses an adapter with tensors in full that it would lose', async () => {
    const start = await writeTinyAdapter(await scratch(), TINY_LLAMA, ['model.layers.0.self_attn.q_proj']);
    const { modules, settings } = await readAdapter(start);
    const path = await scratch();
    const saved = { shape: [32], data: new Float32Array(32) };
    const savedTensors = new Map([['model.norm.weight', saved]]);
    await writeAdapter(path, { modules, settings: { ...settings, modulesToSave: ['norm'] }, savedTensors });
    await expect(
      trainKind.validate(language({ adapter: { uri: path } }), contextIn(folder)),
    ).rejects.toMatchObject({
      fieldViolations: [{ field: 'adapter.uri' }],
      message: expect.stringContaining('"model.norm.weight" in full') as string,
    });
  });

  it('lowers the loss of a Llama adapter and stops early', async () => {
    const modules = ['model.layers.0.self_attn.q_proj', 'model.layers.1.mlp.down_proj'];
    const start = await writeTinyAdapter(await scratch(), TINY_LLAMA, modules);
    const request = lora({
      model: { uri: TINY_LLAMA },
      adapter: { uri: start },
      sequenceClassification: undefined,
      causalLanguageModeling: {},
      maxSteps: 60,
      evalSteps: 2,
      earlyStoppingPatience: 2,
      optimizer: { learningRate: 0.05 },
    });
    const response = await trainKind.run(request, contextIn(await scratch()));
    const report = await runReport(request.outputUri);
    const losses = report.evaluations.map(({ loss }) => loss);
    expect(Math.min(...losses)).toBeLessThan(report.losses[0] ?? 0);
    if (response.steps < 60) expect(losses.slice(-2).every((loss) => loss >= Math.min(...losses))).toBe(true);
  });
});

describe('what cannot run', () => {
  it('names the step whose loss is not finite', async () => {
    const request = lora({
      optimizer: { learningRate: 100, maxGradientNorm: 0 },
      adapter: undefined,
      full: {},
      maxSteps: 400,
      schedule: {},
    });
    request.optimizer = { ...request.optimizer!, learningRate: 100, weightDecay: 99 };
    await expect(trainKind.run(request, contextIn(await scratch()))).rejects.toMatchObject({
      kind: 'NUMERIC',
      message: expect.stringMatching(/step \d+/) as string,
    });
  });

  it.each([
    ['model.uri', { model: undefined }],
    ['train_data.uri', { trainData: undefined }],
    ['optimizer.learning_rate', { optimizer: { learningRate: -1 } }],
    ['optimizer.adamw.beta2', { optimizer: { adamw: { beta2: 1 } } }],
    ['adapter.dropout', { adapter: { uri: 'x', dropout: 1 } }],
    ['trainable', { adapter: undefined }],
    ['objective', { sequenceClassification: undefined }],
    ['keep_best', { validationData: undefined, evalSteps: undefined }],
    ['batching.max_length', { batching: { maxLength: 33 } }],
    ['batching.max_length', { batching: { maxLength: 0 } }],
    ['batching.batch_size', { batching: { batchSize: 0, maxLength: 32 } }],
    ['eval_steps', { evalSteps: 0 }],
    ['train_data.limit', { trainData: { uri: 'x', limit: 0 } }],
    ['sequence_classification.labels', { sequenceClassification: { labels: ['ham', 'eggs'] } }],
    ['sequence_classification.labels', { sequenceClassification: { labels: ['ham'] } }],
    ['causal_language_modeling', { sequenceClassification: undefined, causalLanguageModeling: {} }],
    ['train_data.uri', { trainData: { uri: '/nowhere.jsonl' } }],
    ['adapter.uri', { model: { uri: TINY_LLAMA } }],
  ])('is refused by validation naming %s', async (field, changes) => {
    const request = lora({ batching: { batchSize: 8, maxLength: 32 }, ...changes });
    await expect(trainKind.validate(request, contextIn(folder))).rejects.toMatchObject({
      fieldViolations: [{ field }],
    });
  });

  it('is not what a good request is; the estimate counts steps and bytes', async () => {
    await trainKind.validate(lora({ batching: { batchSize: 8, maxLength: 32 } }), contextIn(folder));
    const { durationSeconds, memoryBytes, diskBytes, readBytes } = await trainKind.estimate(
      lora({ batching: { batchSize: 8, maxLength: 32 } }),
      contextIn(folder),
    );
    expect(durationSeconds).toBeGreaterThan(0);
    for (const bytes of [memoryBytes, diskBytes, readBytes]) expect(bytes).toBeGreaterThan(1000n);
  });
});
