import { type ErrorCase, modelWithFile } from './error-case.js';

const training = (texts: string, more: object = {}): ErrorCase['request'] => ({
  model: { uri: 'model' },
  train_data: { uri: texts },
  full: {},
  sequence_classification: more,
  batching: { max_length: 8 },
  max_steps: 1,
});

/** What is wrong with training runs. */
export const TRAIN_ERROR_CASES: readonly ErrorCase[] = [
  {
    title: 'a table as the texts of a training',
    service: 'train',
    prepare: modelWithFile('texts.txt', 'text,label\n"fine, really",good\nno,bad\n'),
    request: training('texts.txt'),
    code: 'DATA_LOSS',
    reason: 'DATASET_FORMAT',
    exitStatus: 5,
    message:
      /train_data\.uri \(".*texts\.txt"\): texts\.txt is CSV .*, which is not read; wanted is UTF-8 text/,
  },
  {
    title: 'a class that the head does not have',
    service: 'train',
    prepare: modelWithFile('texts.jsonl', '{"text":"fine","label":"good"}\n{"text":"no","label":"awful"}\n'),
    request: training('texts.jsonl', { labels: ['bad', 'good'] }),
    code: 'FAILED_PRECONDITION',
    reason: 'LABEL_UNKNOWN',
    exitStatus: 4,
    message: /train_data: line 2: "awful" is not a class: the classes are "bad", "good"/,
  },
];
