import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { withoutSpecialTokens } from '@eigenloom/checkpoint/dist/testing/without-special-tokens.js';
import { openModel } from '@eigenloom/checkpoint';
import { planNetwork } from '@eigenloom/models';
import type { ObjectiveData } from '@eigenloom/training';
import pino from 'pino';

import { checkInputs } from '../plan/check-inputs.js';
import { openReader } from '../plan/open-reader.js';
import { resolvePlan } from '../plan/resolve-plan.js';
import {
  contextIn,
  newFolder,
  requestOf,
  TINY_BERT,
  TINY_LLAMA,
  writeExamples,
} from '../testing/tiny-runs.js';
import { trainKind } from '../kind.js';
import { objectiveOf } from '../plan/choices.js';

let folder: string;
let good: string;
beforeAll(async () => {
  folder = await newFolder();
  good = await writeExamples(folder, 'good.jsonl', 8);
  classifier.model.uri = await withoutSpecialTokens(TINY_BERT, join(folder, 'bert'));
  language.model.uri = await withoutSpecialTokens(TINY_LLAMA, join(folder, 'llama'));
});
afterAll(() => rm(folder, { recursive: true }));

const { signal } = new AbortController();

async function write(name: string, lines: readonly object[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return path;
}

const classifier = { model: { uri: '' }, sequenceClassification: {}, full: {} };
const language = { model: { uri: '' }, causalLanguageModeling: {}, full: {} };

async function load(request: object): Promise<ObjectiveData> {
  const whole = requestOf({ batching: { batchSize: 2, maxLength: 4 }, ...request });
  const plan = await resolvePlan(whole, contextIn(folder));
  return objectiveOf(plan).read({
    ...{ train: plan.trainData, validation: plan.validationData, signal },
    reader: await openReader(plan, planNetwork(await openModel(plan.modelPath))),
    storedHead: () => Promise.resolve(null),
  });
}

describe('a text without tokens', () => {
  const empty = { text: '', label: 'ham' };
  let bad: string;
  let late: string;
  beforeAll(async () => {
    const others = Array.from({ length: 300 }, (_, i) => ({
      text: 'w3 w4',
      label: i % 2 === 0 ? 'ham' : 'spam',
    }));
    bad = await write('bad.jsonl', [...others.slice(0, 4), empty, ...others.slice(0, 4)]);
    late = await write('late.jsonl', [...others, empty]);
  });

  it.each(['trainData', 'validationData'])(
    'of %s is refused before a job runs, with file and line',
    async (field) => {
      const request = requestOf({
        batching: { maxLength: 16 },
        trainData: { uri: good },
        ...classifier,
        [field]: { uri: bad },
      });
      const plan = await resolvePlan(request, contextIn(folder));
      await expect(checkInputs(plan, signal, request)).rejects.toMatchObject({
        reason: 'TEXT_EMPTY',
        message: expect.stringMatching(
          /^(?:train|validation)_data\.uri \(.*\): bad\.jsonl:5: the text "" has no tokens/,
        ) as string,
      });
    },
  );

  it.each(['trainData', 'validationData'])('of %s is refused as all of it is read', async (field) => {
    await expect(
      load({ trainData: { uri: good }, ...classifier, [field]: { uri: late } }),
    ).rejects.toMatchObject({
      reason: 'TEXT_EMPTY',
      message: expect.stringMatching(/^(?:train|validation)_data: late\.jsonl:301: /) as string,
    });
  });
});

describe('a language model', () => {
  it.each([
    ['train_data', 'trainData'],
    ['validation_data', 'validationData'],
  ])('whose %s have no next token says which data these are', async (name, field) => {
    const short = await write('short.jsonl', [{ text: '' }, { text: '' }]);
    await expect(
      load({ ...language, trainData: { uri: good }, [field]: { uri: short } }),
    ).rejects.toMatchObject({
      reason: 'NO_NEXT_TOKENS',
      message: expect.stringMatching(`^${name} \\(short\\.jsonl\\): no text has two tokens`) as string,
    });
  });

  it('counts the texts that it cuts and those that it leaves out', async () => {
    const mixed = await write('mixed.jsonl', [
      { text: 'w3 w4 w5 w6 w7 w8 w9' },
      { text: '' },
      { text: 'w3 w4' },
    ]);
    const { counts, train } = await load({ ...language, trainData: { uri: mixed } });
    expect(counts).toEqual({
      kind: 'tokens',
      train: {
        examples: 3,
        changed: [
          { count: 1, how: 'lost their end' },
          { count: 1, how: 'have no next token and are left out' },
        ],
      },
      validation: null,
    });
    expect(train.labels).toHaveLength(2);
  });
});

test('card and log say how many texts were cut', async () => {
  const request = requestOf({
    ...{
      ...classifier,
      outputUri: join(folder, 'out'),
      batching: { batchSize: 4, maxLength: 5 },
      maxSteps: 1,
    },
    ...{ trainData: { uri: good }, validationData: { uri: good } },
  });
  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) });
  await trainKind.run(request, { ...contextIn(folder), log });
  // Of texts of 3, 4, 5, 6, 7, 3, 4 and 5 words two are longer than five tokens.
  const line = '8 to train on, of which 2 lost their end; 8 to validate on, of which 2 lost their end';
  expect(await readFile(join(folder, 'out', 'README.md'), 'utf8')).toContain(`| Texts | ${line} |`);
  expect(lines.join('')).toContain(line);
});
