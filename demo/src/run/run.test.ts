import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModel, readAdapter, writeAdapter } from '@eigenloom/checkpoint';
import { runOnEngine } from '@eigenloom/engine';
import type { Example } from '../data/example.js';
import { sampleResults } from '../report/sample-results.js';
import { writeEncoderAdapter } from './encoder-adapter.js';
import type { EvaluationInput, EvaluationOutput } from './evaluate-module.js';
import { bestRun } from './merge-tasks.js';

const TINY = join(__dirname, '..', '..', '..', 'tests', 'golden', 'models', 'tiny-bert-classifier');
const MODULE = join(__dirname, 'evaluate-module.js');
const QUERY = /layer\.0\.attention\.self\.query\.weight$/;

describe('with a tiny classifier', () => {
  let folder: string;
  let classes: number;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'eigenloom-demo-'));
    const model = await openModel(TINY);
    const [query] = [...model.tensors.values()].filter(({ name }) => QUERY.test(name));
    const [rows = 0, columns = 0] = query!.shape;
    const head = model.tensors.get('classifier.weight')!;
    classes = head.shape[0]!;
    const pair = {
      kind: 'linear' as const,
      a: Float32Array.from({ length: columns }, (_, i) => Math.sin(i)),
      aShape: [1, columns],
      b: Float32Array.from({ length: rows }, (_, i) => Math.cos(i)),
      bShape: [rows, 1],
      rank: 1,
      alpha: 1,
      scaling: 1,
    };
    // A head that always says the last class.
    const bias = Float32Array.from({ length: classes }, (_, i) => (i === classes - 1 ? 100 : 0));
    const module = query!.name.replace(/\.weight$/, '');
    await writeAdapter(folder, {
      modules: new Map([[module, pair]]),
      savedTensors: new Map([
        ['classifier.weight', { shape: head.shape, data: new Float32Array(head.shape[0]! * head.shape[1]!) }],
        ['classifier.bias', { shape: [classes], data: bias }],
      ]),
      settings: {
        rank: 1,
        alpha: 1,
        rankStabilized: false,
        targetModules: [module],
        modulesToSave: ['classifier'],
        fanInFanOut: false,
        dropout: 0,
        taskType: 'SEQ_CLS',
        baseModel: '',
        initLoraWeights: true,
      },
    });
    const examples = ['w3 w4', 'w5 w6 w7', 'w8'].map((text, i): Example => ({
      id: `${i}`,
      group: 'g',
      label: `c${i % classes}`,
      text,
    }));
    await writeFile(
      join(folder, 'data.jsonl'),
      examples.map((example) => JSON.stringify(example)).join('\n'),
    );
  });
  afterEach(() => rm(folder, { recursive: true }));

  const evaluate = (input: Partial<EvaluationInput>): Promise<EvaluationOutput> =>
    runOnEngine<EvaluationInput, EvaluationOutput>(
      MODULE,
      {
        model: TINY,
        adapters: [],
        headFrom: undefined,
        data: join(folder, 'data.jsonl'),
        labels: Array.from({ length: classes }, (_, i) => `c${i}`),
        maxLength: 16,
        ...input,
      },
      { backend: 'cpu' },
    );

  it('evaluates with the head of an adapter', async () => {
    const last = `c${classes - 1}`;
    expect((await evaluate({ headFrom: folder })).predictions).toEqual([last, last, last]);
    expect((await evaluate({ adapters: [folder] })).predictions).toEqual([last, last, last]);
    const own = await evaluate({});
    expect(own.loss).toBeLessThan(20);
  });

  it('leaves the head out of an encoder adapter and keeps its pairs', async () => {
    const target = join(folder, 'encoder');
    await writeEncoderAdapter(folder, target);
    const [before, after] = [await readAdapter(folder), await readAdapter(target)];
    expect(after.savedTensors.size).toBe(0);
    expect(after.settings.modulesToSave).toEqual([]);
    expect([...after.modules.values()].map(({ a }) => [...a])).toEqual(
      [...before.modules.values()].map(({ a }) => [...a]),
    );
    // Its own head, on the changed encoder.
    const [changed, untouched] = [await evaluate({ adapters: [target] }), await evaluate({})];
    expect(Math.abs(changed.loss - untouched.loss)).toBeGreaterThan(1e-4);
  });
});

describe('bestRun', () => {
  it('goes by validation alone, and never takes the full fine-tuning', () => {
    const { runs } = sampleResults();
    const better = runs.map((run) => ({
      ...run,
      validation: {
        loss: 0.5,
        accuracy: run.method === 'full' ? 1 : run.id === 'train-spam-eva-s2' ? 0.9 : 0.8,
      },
      test: { ...run.test, accuracy: run.seed === 3 ? 1 : 0.1 },
    }));
    expect(bestRun(better, 'spam').id).toBe('train-spam-eva-s2');
  });
});
