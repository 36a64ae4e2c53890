import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { prepareData, type PreparedTask } from '@eigenloom/demo/dist/data/prepare.js';
import { type Split, SPLITS, type SplitSizes } from '@eigenloom/demo/dist/data/split.js';
import { type Candidate, testScore, validationAccuracy } from '@eigenloom/demo/dist/run/evaluate.js';
import { writeTinyBase } from '@eigenloom/merge-service/dist/testing/tiny-tasks.js';
import type { Lab } from './lab.js';

/** BERT, 6 × 384, sentence encoder. */
export const MINILM = resolve('.cache/models/all-MiniLM-L6-v2');

/** Texts of two classes, on disk. */
export type Task = Pick<PreparedTask, 'labels' | 'files' | 'test'> & { readonly name: string };

/** What is tuned, without a head: MiniLM; a BERT of two small layers where only mechanics are tried. */
export async function encoder(lab: Lab): Promise<string> {
  const tiny = lab.path('encoder');
  if (lab.size === 'full') return MINILM;
  return existsSync(tiny) ? tiny : writeTinyBase(tiny);
}

/** Tokens of the longest text. */
export const maxLength = (lab: Lab): number => lab.pick(48, 12);

/**
 * The period of a State of the Union passage, and spam: real texts, split so that speeches and threads stay whole. Where only mechanics
 * are tried, words that the small model knows.
 */
export async function realTasks(
  lab: Lab,
  sizes: SplitSizes = { train: 1200, validation: 200, test: 400 },
): Promise<readonly [Task, Task]> {
  lab.say('preparing the data');
  if (lab.size === 'tiny') return [await tinyTask(lab, 'period', 3), await tinyTask(lab, 'spam', 7)];
  const [period, spam] = await prepareData(lab.path('data'), {
    ...{ sizes, splitSeed: 1, speechLabel: 'period', speechGrouping: 'speech' },
  });
  if (period === undefined || spam === undefined) throw new Error('a task is missing');
  return [period, spam];
}

/** Words that the small model knows: each class has its own. */
export async function tinyTask(lab: Lab, name: string, step: number): Promise<Task> {
  const labels = [`${name}-0`, `${name}-1`];
  const examples = Array.from({ length: 16 }, (_, i) => {
    const words = Array.from({ length: 4 }, (_w, j) => `w${3 + ((i * step + j * 5) % 28) + 30 * (i % 2)}`);
    return { id: String(i), group: String(i), label: labels[i % 2] ?? '', text: words.join(' ') };
  });
  return writeTask(lab, name, { train: examples, validation: examples, test: examples });
}

/** Writes the examples of a task, one file a split. */
export async function writeTask(lab: Lab, name: string, split: Split): Promise<Task> {
  const folder = lab.path(`data-${name}`);
  await mkdir(folder);
  const files = { train: '', validation: '', test: '' };
  for (const part of SPLITS) {
    files[part] = join(folder, `${part}.jsonl`);
    await writeFile(files[part], split[part].map((example) => `${JSON.stringify(example)}\n`).join(''));
  }
  const labels = [...new Set(split.train.map(({ label }) => label))].sort();
  return { name, labels, files, test: split.test };
}

/** Accuracy of a model, with the head that lies in it unless another is named. */
export async function accuracyOf(
  lab: Lab,
  model: string | Candidate,
  task: Task,
  split: 'validation' | 'test' = 'test',
): Promise<number> {
  const candidate = typeof model === 'string' ? { model, adapters: [], headFrom: undefined } : model;
  const settings = { maxLength: maxLength(lab), signal: lab.signal };
  if (split === 'validation') return validationAccuracy(candidate, task, settings);
  return (await testScore(candidate, task, settings)).accuracy;
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

export const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
