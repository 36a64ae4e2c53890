import { mkdir, mkdtemp, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ArtifactCache,
  openModel,
  writeAdapter,
  writeModel,
  type Adapter,
  type AdapterModule,
  type Model,
} from '@eigenloom/checkpoint';
import type { train } from '@eigenloom/contracts';
import { randomNormals, streamKey } from '@eigenloom/numeric';
import type { Report } from '@eigenloom/report';
import { type JobContext, type ProgressUpdate, requestFromObject } from '@eigenloom/runtime';
import pino from 'pino';

const ROOT = join(__dirname, '..', '..', '..', '..');
export const TINY_BERT = join(ROOT, 'tests', 'golden', 'models', 'tiny-bert-classifier');
export const TINY_LLAMA = join(ROOT, 'tests', 'golden', 'models', 'tiny-llama');

export const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'train-'));

/** Texts of two classes that differ in their words, of several lengths. */
export async function writeExamples(folder: string, name: string, count: number, first = 0): Promise<string> {
  const lines = Array.from({ length: count }, (_, k) => {
    const i = first + k;
    const spam = i % 2 === 1;
    const words = Array.from(
      { length: 3 + (i % 5) },
      (_word, j) => `w${(spam ? 33 : 3) + ((i * 7 + j * 11) % 28)}`,
    );
    return JSON.stringify({ text: words.join(' '), label: spam ? 'spam' : 'ham' });
  });
  const path = join(folder, name);
  await writeFile(path, lines.join('\n'));
  return path;
}

/** An adapter with rank 2 on the named modules; B is not zero, so that every part matters from the first step. */
export async function writeTinyAdapter(
  folder: string,
  modelFolder: string,
  modules: readonly string[],
  rankStabilized = false,
): Promise<string> {
  const model = await openModel(modelFolder);
  const pair = (module: string): AdapterModule => {
    const [rows = 0, columns = 0] = model.tensors.get(`${module}.weight`)?.shape ?? [];
    return {
      kind: 'linear',
      a: randomNormals(streamKey(1n, module, 'a'), 2 * columns, 0.3),
      aShape: [2, columns],
      b: randomNormals(streamKey(1n, module, 'b'), rows * 2, 0.1),
      bShape: [rows, 2],
      rank: 2,
      alpha: 4,
      scaling: rankStabilized ? 4 / Math.SQRT2 : 2,
    };
  };
  const path = join(folder, `adapter-${rankStabilized ? 'rs' : 'plain'}`);
  await mkdir(path);
  await writeAdapter(path, {
    modules: new Map(modules.map((module) => [module, pair(module)])),
    savedTensors: new Map(),
    settings: {
      rank: 2,
      alpha: 4,
      rankStabilized,
      targetModules: modules,
      modulesToSave: [],
      fanInFanOut: false,
      dropout: 0,
      taskType: '',
      baseModel: '',
      initLoraWeights: true,
    },
  });
  return path;
}

/** The request of a recipe; values that are undefined are left out. */
export const requestOf = (body: object): train.TrainRequest =>
  requestFromObject('train', JSON.parse(JSON.stringify(body)));

/** What the report of a run says. */
export async function runReport(folder: string): Promise<RunReport> {
  const report = JSON.parse(await readFile(join(folder, 'report.json'), 'utf8')) as Report;
  const rows = report.tables.find(({ id }) => id === 'evaluations')?.rows ?? [];
  return {
    losses: (report.charts[0]?.series[0]?.y ?? []).map(Number),
    evaluations: rows as unknown as RunReport['evaluations'],
  };
}

export interface RunReport {
  /** Of every step. */
  readonly losses: readonly number[];
  readonly evaluations: readonly {
    readonly step: number;
    readonly loss: number;
    readonly accuracy: number;
  }[];
}

/** A context on plain folders: what the runtime does for jobs is tested there. */
export function contextIn(
  scratch: string,
  signal: AbortSignal = new AbortController().signal,
  onProgress: (update: ProgressUpdate) => void = () => undefined,
): JobContext {
  return {
    name: 'operations/test',
    log: pino({ level: 'silent' }),
    scratch,
    attempt: 1,
    signal,
    resolve: (uri) => Promise.resolve(uri),
    progress: onProgress,
    fence: () => Promise.resolve(),
    cached: (key, write) => new ArtifactCache(scratch).folderOf({ key, scratch, write, signal }),
    async commit(_part, target, _lineage, write) {
      const staging = `${target}.staging`;
      await mkdir(staging, { recursive: true });
      await write(staging);
      await rename(staging, target);
      return { uri: target, digest: '', files: [], fileCount: 0 };
    },
  };
}

/** The base under an adapter whose start takes s·B·A out of it. */
export async function writeResidual(folder: string, model: Model, { modules }: Adapter): Promise<string> {
  await mkdir(folder);
  await writeModel(folder, {
    like: model,
    read: async ({ name }) => {
      const pair = modules.get(name.replace(/\.weight$/, ''));
      const values = await model.read(name, 'f32');
      if (pair === undefined) return (await model.readRaw(name)) ?? values;
      const { a, b, rank, scaling } = pair;
      const columns = a.length / rank;
      return values.map((value, i) => {
        const row = Math.floor(i / columns);
        let sum = 0;
        for (let k = 0; k < rank; k++)
          sum += (b[row * rank + k] ?? 0) * (a[k * columns + (i % columns)] ?? 0);
        return value - scaling * sum;
      });
    },
  });
  return folder;
}

/** The model as it looks to who does not know its own head. */
export const withoutNativeHead = (model: Model): Model =>
  Object.assign(Object.create(model) as Model, {
    tensors: new Map([...model.tensors].filter(([name]) => !name.startsWith('classifier.'))),
  });
