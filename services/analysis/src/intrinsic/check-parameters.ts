import { analysis } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';
import { defaultBackend } from '@eigenloom/runtime';
import type { ProjectionKind, Setting } from './setting.js';

const PROJECTIONS: Readonly<Partial<Record<analysis.Projection, ProjectionKind>>> = {
  [analysis.Projection.UNSPECIFIED]: 'fastfood',
  [analysis.Projection.FASTFOOD]: 'fastfood',
  [analysis.Projection.SPARSE]: 'sparse',
  [analysis.Projection.DENSE]: 'dense',
};

const [SMALLEST, LARGEST] = [16, 16_384];
const MAX_DIMENSION = 2 ** 24;
const MAX_TRIES = 1000;
const MAX_STEPS = 1_000_000;
const MAX_BATCH = 65_536;
const MAX_LENGTH = 131_072;
const MAX_WIDTH = 65_536;
const MAX_HIDDEN = 16;

/** The parameters with their defaults, without what they open. */
export type Checked = Omit<Setting, 'task'> & {
  readonly hidden: readonly number[];
  readonly maxLength: number;
};

/** From 16 to 16384 by √2. */
const defaultDimensions = (): number[] =>
  Array.from({ length: 2 * Math.log2(LARGEST / SMALLEST) + 1 }, (_, i) =>
    Math.round(SMALLEST * 2 ** (i / 2)),
  );

/** Errors: `OUT_OF_RANGE`, `UNKNOWN_VALUE`, `FIELD_UNUSED`, naming the field. */
export function checkParameters(parameters: analysis.IntrinsicDimension, field: string): Checked {
  const {
    model,
    randomWeights,
    structureAware,
    hidden,
    fullScore,
    steps = 300,
    threshold = 0.9,
  } = parameters;
  const isText = model !== undefined;
  if (!isText && randomWeights) throw unused(`${field}.random_weights`, 'a perceptron has no other weights');
  if (!isText && parameters.testData !== undefined)
    throw unused(`${field}.test_data`, 'the file of features has those of the test');
  if (isText && hidden.length > 0) throw unused(`${field}.hidden`, 'is of a perceptron, without a model');
  const projection = PROJECTIONS[parameters.projection];
  if (projection === undefined)
    throw invalidInput('UNKNOWN_VALUE', `${field}.projection`, 'is not a projection');
  const { batchSize = isText ? 16 : 128, maxLength = 128 } = parameters.batching ?? {};
  const { learningRate = isText && !randomWeights ? 5e-5 : 1e-3 } = parameters;
  positive(`${field}.learning_rate`, learningRate, 100);
  positive(`${field}.threshold`, threshold, 1);
  if (fullScore !== undefined) positive(`${field}.full_score`, fullScore, 1);
  whole(`${field}.steps`, steps, MAX_STEPS);
  whole(`${field}.batching.batch_size`, batchSize, MAX_BATCH);
  whole(`${field}.batching.max_length`, maxLength, MAX_LENGTH);
  if (hidden.length > MAX_HIDDEN)
    throw invalidInput('OUT_OF_RANGE', `${field}.hidden`, `has more than ${MAX_HIDDEN} layers`);
  for (const width of hidden) whole(`${field}.hidden`, width, MAX_WIDTH);
  return {
    ...{ projection, structureAware, threshold, fullScore, learningRate, steps, batchSize, maxLength, field },
    dimensions: checkDimensions(parameters.dimensions, `${field}.dimensions`),
    hidden: hidden.length > 0 ? hidden : [200, 200],
    backend: defaultBackend(),
  };
}

function checkDimensions(given: readonly number[], field: string): readonly number[] {
  if (given.length > MAX_TRIES)
    throw invalidInput('OUT_OF_RANGE', field, `has more than ${MAX_TRIES} dimensions`);
  for (const [i, d] of given.entries()) {
    whole(field, d, MAX_DIMENSION);
    const before = given[i - 1] ?? 0;
    if (d <= before) throw invalidInput('OUT_OF_RANGE', field, `${d} follows ${before}; they have to ascend`);
  }
  return given.length > 0 ? given : defaultDimensions();
}

const unused = (field: string, why: string): Error => invalidInput('FIELD_UNUSED', field, why);

function positive(field: string, value: number, most: number): void {
  if (!(value > 0 && value <= most))
    throw invalidInput('OUT_OF_RANGE', field, `${value} is not above 0 and at most ${most}`);
}

function whole(field: string, value: number, most: number): void {
  if (!(value >= 1 && value <= most))
    throw invalidInput('OUT_OF_RANGE', field, `${value} is not from 1 to ${most}`);
}
