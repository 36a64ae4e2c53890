import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { AppError, invalidInput } from '@eigenloom/errors';
import type { DataOptions } from './data/prepare.js';
import type { SpeechGrouping, SpeechLabel } from './data/state-of-the-union.js';

/** Sizes of every run: what the demo compares is trained with the same. */
export interface TrainingSizes {
  readonly seeds: readonly number[];
  readonly steps: number;
  readonly fullSteps: number;
  readonly batchSize: number;
  /** Longest text in tokens. */
  readonly maxLength: number;
  readonly rank: number;
  readonly loraLearningRate: number;
  readonly fullLearningRate: number;
}

export interface DemoOptions {
  readonly out: string;
  readonly model: string;
  readonly data: DataOptions;
  readonly training: TrainingSizes;
  readonly quick: boolean;
}

const FULL = { train: 1200, validation: 200, test: 400, seeds: 3, steps: 28, batchSize: 16 };
/** Enough to see every part work; its figures mean nothing. */
const QUICK = { train: 64, validation: 32, test: 48, seeds: 2, steps: 4, batchSize: 8 };

export const USAGE = `npm run demo -- [--quick] [--seeds N] [--steps N] [--test-examples N] [--speech-label period|party]
                [--speech-split speech|president] [--model DIR] [--out DIR]`;

function count(name: string, text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 10_000) return value;
  throw invalidInput('OUT_OF_RANGE', name, 'must be a whole number from 1 to 10,000');
}

function oneOf<T extends string>(name: string, text: string | undefined, choices: readonly [T, ...T[]]): T {
  const found = choices.find((choice) => choice === (text ?? choices[0]));
  if (found === undefined) throw invalidInput('UNKNOWN_VALUE', name, `must be one of ${choices.join(', ')}`);
  return found;
}

const OPTIONS = {
  quick: { type: 'boolean', default: false },
  seeds: { type: 'string' },
  steps: { type: 'string' },
  'test-examples': { type: 'string' },
  'speech-label': { type: 'string' },
  'speech-split': { type: 'string' },
  model: { type: 'string' },
  out: { type: 'string' },
} as const;

/** The options as they were given. Errors: `USAGE`, with what node says about the option. */
function given(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    throw new AppError('INVALID_INPUT', 'USAGE', `${found}\n${USAGE}`, { cause: error });
  }
}

/** Reads the command line; `root` is the checkout. */
export function parseOptions(args: readonly string[], root: string): DemoOptions {
  const values = given(args);
  const sizes = values.quick ? QUICK : FULL;
  const steps = count('--steps', values.steps, sizes.steps);
  const seeds = count('--seeds', values.seeds, sizes.seeds);
  return {
    quick: values.quick,
    out: resolve(root, values.out ?? 'demo-out'),
    model: resolve(root, values.model ?? join('.cache', 'models', 'all-MiniLM-L6-v2')),
    data: {
      sizes: {
        train: sizes.train,
        validation: sizes.validation,
        test: count('--test-examples', values['test-examples'], sizes.test),
      },
      splitSeed: 1,
      speechLabel: oneOf<SpeechLabel>('--speech-label', values['speech-label'], ['period', 'party']),
      speechGrouping: oneOf<SpeechGrouping>('--speech-split', values['speech-split'], [
        'speech',
        'president',
      ]),
    },
    training: {
      seeds: Array.from({ length: seeds }, (_, i) => i + 1),
      steps,
      fullSteps: steps,
      batchSize: sizes.batchSize,
      maxLength: 48,
      rank: 8,
      loraLearningRate: 3e-3,
      fullLearningRate: 1e-4,
    },
  };
}
