import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type Model, openModel, writeModel } from '@eigenloom/checkpoint';
import {
  addClassifierHead,
  classifierHead,
  classifierLogits,
  loadNetwork,
  loadTokenizer,
  makeBatch,
  meanCrossEntropy,
  type Network,
} from '@eigenloom/models';
import { randomNormals, streamKey } from '@eigenloom/numeric';
import { adamwRule, gradientsOf, Optimizer } from '@eigenloom/training';

import { golden } from './job-context.js';

const TINY_BERT = golden('../models/tiny-bert-classifier');

/** What tells the two classes of a task apart, by the number of its words. */
export const TASKS = {
  size: (word: number): boolean => word < 32,
  parity: (word: number): boolean => word % 2 === 1,
};
export type TinyTask = keyof typeof TASKS;

interface TinyExample {
  readonly text: string;
  readonly label: string;
}

/** Texts of words of one class each. */
export function tinyExamples(task: TinyTask, count: number, first = 0): TinyExample[] {
  const words = Array.from({ length: 60 }, (_, i) => i + 3);
  return Array.from({ length: count }, (_, k) => {
    const i = first + k;
    const yes = i % 2 === 1;
    const own = words.filter((word) => TASKS[task](word) === yes);
    const text = Array.from(
      { length: 3 + (i % 4) },
      (_word, j) => `w${own[(i * 7 + j * 11) % own.length] ?? 3}`,
    );
    return { text: text.join(' '), label: yes ? 'yes' : 'no' };
  });
}

export async function writeTinyData(
  folder: string,
  task: TinyTask,
  count: number,
  first = 0,
): Promise<string> {
  const path = join(folder, `${task}-${count}-${first}.jsonl`);
  const lines = tinyExamples(task, count, first).map((example) => JSON.stringify(example));
  await writeFile(path, lines.join('\n'));
  return path;
}

/** The encoder of the tiny BERT without a head, and with a config that names no classes. */
export async function writeTinyBase(folder: string): Promise<string> {
  const like = await openModel(TINY_BERT);
  const tensors = [...like.tensors.values()].filter(({ name }) => !name.startsWith('classifier.'));
  const config = Object.fromEntries(
    Object.entries(like.config).filter(([key]) => key !== 'id2label' && key !== 'label2id'),
  );
  await mkdir(folder, { recursive: true });
  await writeModel(folder, { like, tensors, config });
  return folder;
}

export interface TinyTraining {
  readonly task: TinyTask;
  readonly steps: number;
  readonly seed?: bigint;
  readonly learningRate?: number;
}

/** Fine-tunes all of a base with a head for a task, with AdamW on batches of 32, and writes it with its head. */
export async function trainTinyModel(base: string, folder: string, training: TinyTraining): Promise<string> {
  const like = await openModel(base);
  const network = await loadNetwork(like);
  const head = classifierHead(network.family, 'mean');
  addClassifierHead(network, head, 2, training.seed ?? 1n);
  const read = network.parameters.names.filter((name) => !name.includes('pooler'));
  const trained = new Map(read.map((name) => [name, network.parameters.train(name)]));
  const settings = { weightDecay: 0, maxGradientNorm: 0, seed: training.seed ?? 1n };
  const optimizer = new Optimizer(trained, adamwRule(), settings);
  const tokenizer = await loadTokenizer(base);
  const gradients = gradientsOf((step) => {
    const examples = tinyExamples(training.task, 32, 32 * step + Number(training.seed ?? 1n) * 1000);
    const rows = examples.map(({ text }) => tokenizer.encode(text, 16));
    const labels = Int32Array.from(examples, ({ label }) => (label === 'yes' ? 1 : 0));
    const logits = classifierLogits(network, head, makeBatch(rows, 0));
    return { cross_entropy: { value: meanCrossEntropy(logits, labels) } };
  });
  for (let step = 1; step <= training.steps; step += 1)
    await optimizer.step(step, training.learningRate ?? 5e-3, gradients);
  await writeNetwork(folder, like, network);
  optimizer.dispose();
  network.dispose();
  return folder;
}

async function writeNetwork(folder: string, like: Model, { parameters }: Network): Promise<void> {
  await mkdir(folder, { recursive: true });
  const tensors = parameters.names.map((name) => ({
    name,
    dtype: 'F32' as const,
    shape: parameters.get(name).shape,
  }));
  const read = async (name: string): Promise<Float32Array> =>
    Float32Array.from(await parameters.get(name).data());
  const config = { ...like.config, id2label: { 0: 'no', 1: 'yes' } };
  await writeModel(folder, { like, tensors, config, read: ({ name }) => read(name) });
}

/** A model with normally distributed noise on every tensor that a filter takes. */
export async function writeNoisyModel(
  from: string,
  folder: string,
  scale: number,
  seed: bigint,
  takes: (name: string) => boolean = () => true,
): Promise<string> {
  const like = await openModel(from);
  await mkdir(folder, { recursive: true });
  await writeModel(folder, {
    like,
    read: async ({ name }) => {
      const values = await like.read(name, 'f32');
      if (!takes(name)) return values;
      const noise = randomNormals(streamKey(seed, name), values.length, scale);
      return values.map((value, i) => value + (noise[i] ?? 0));
    },
  });
  return folder;
}
