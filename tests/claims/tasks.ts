import { resolve } from 'node:path';

import { prepareData, type PreparedTask } from '@eigenloom/demo/dist/data/prepare.js';
import { testScore } from '@eigenloom/demo/dist/run/evaluate.js';
import type { Lab } from './lab.js';

/** BERT, 6 × 384, sentence encoder. */
export const MINILM = resolve('.cache/models/all-MiniLM-L6-v2');
/** Tokens of the longest text. */
export const MAX_LENGTH = 48;

/** The period of a State of the Union passage, and spam: real texts, split so that speeches and threads stay whole. */
export async function realTasks(lab: Lab): Promise<readonly PreparedTask[]> {
  lab.say('preparing the data');
  return prepareData(lab.path('data'), {
    sizes: lab.pick({ train: 1200, validation: 200, test: 400 }, { train: 32, validation: 16, test: 16 }),
    splitSeed: 1,
    speechLabel: 'period',
    speechGrouping: 'speech',
  });
}

/** Test accuracy of a model folder with a head. */
export async function testAccuracy(lab: Lab, model: string, task: PreparedTask): Promise<number> {
  const candidate = { model, adapters: [], headFrom: undefined };
  return (await testScore(candidate, task, { maxLength: MAX_LENGTH, signal: lab.signal })).accuracy;
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

export const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
