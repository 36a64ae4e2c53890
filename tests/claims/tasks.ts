import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { prepareData, type PreparedTask } from '@eigenloom/demo/dist/data/prepare.js';
import { type Candidate, testScore } from '@eigenloom/demo/dist/run/evaluate.js';
import type { Lab } from './lab.js';

/** BERT, 6 × 384, sentence encoder. */
export const MINILM = resolve('.cache/models/all-MiniLM-L6-v2');
const TINY_BERT = resolve('tests/golden/models/tiny-bert-classifier');

/** Texts of two classes, on disk. */
export type Task = Pick<PreparedTask, 'name' | 'labels' | 'files' | 'test'>;

/** What is tuned: MiniLM; a BERT of two small layers where only mechanics are tried. */
export const encoder = (lab: Lab): string => lab.pick(MINILM, TINY_BERT);

/** Tokens of the longest text. */
export const maxLength = (lab: Lab): number => lab.pick(48, 12);

/**
 * The period of a State of the Union passage, and spam: real texts, split so that speeches and threads stay whole. Where only mechanics
 * are tried, words that the small model knows.
 */
export async function realTasks(lab: Lab): Promise<readonly [Task, Task]> {
  lab.say('preparing the data');
  if (lab.size === 'tiny') return [await tinyTask(lab, 'period', 3), await tinyTask(lab, 'spam', 7)];
  const [period, spam] = await prepareData(lab.path('data'), {
    sizes: { train: 1200, validation: 200, test: 400 },
    splitSeed: 1,
    speechLabel: 'period',
    speechGrouping: 'speech',
  });
  if (period === undefined || spam === undefined) throw new Error('a task is missing');
  return [period, spam];
}

async function tinyTask(lab: Lab, name: Task['name'], step: number): Promise<Task> {
  const labels = ['a', 'b'];
  const examples = Array.from({ length: 16 }, (_, i) => {
    const words = Array.from({ length: 4 }, (_w, j) => `w${3 + ((i * step + j * 5) % 28) + 30 * (i % 2)}`);
    return { id: String(i), group: String(i), label: labels[i % 2] ?? '', text: words.join(' ') };
  });
  const folder = lab.path(`data-${name}`);
  await mkdir(folder);
  const lines = examples.map((example) => `${JSON.stringify(example)}\n`).join('');
  const [train, validation, test] = ['train', 'validation', 'test'].map((part) =>
    join(folder, `${part}.jsonl`),
  );
  const files = { train: train ?? '', validation: validation ?? '', test: test ?? '' };
  for (const file of Object.values(files)) await writeFile(file, lines);
  return { name, labels, files, test: examples };
}

/** Test accuracy of a model, with the head that lies in it unless another is named. */
export async function testAccuracy(lab: Lab, model: string | Candidate, task: Task): Promise<number> {
  const candidate = typeof model === 'string' ? { model, adapters: [], headFrom: undefined } : model;
  return (await testScore(candidate, task, { maxLength: maxLength(lab), signal: lab.signal })).accuracy;
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

export const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
