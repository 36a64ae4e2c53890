import { opening } from '@eigenloom/checkpoint';
import type { analysis } from '@eigenloom/contracts';
import { checkDataRef, NamedArrays, type StoredMatrix } from '@eigenloom/datasets';
import { incompatible, invalidInput } from '@eigenloom/errors';
import type { RequestContext } from '@eigenloom/runtime';

/** Examples in a file of arrays. */
export interface Examples {
  readonly arrays: NamedArrays;
  readonly features: StoredMatrix;
  /** Name of their labels. */
  readonly labels: string;
  /** How many are used. */
  readonly count: number;
}

/** What the parameters of a study of features name, opened. */
export interface OpenedFeatures {
  readonly path: string;
  readonly train: Examples | undefined;
  readonly test: Examples | undefined;
  readonly columns: number;
  /** Path of the sums of an earlier run. */
  readonly previous: string | undefined;
}

type Inputs = Pick<analysis.NearestMean, 'data' | 'previousUri'>;

/**
 * Opens what `field` names; reads headers only. Errors: `FIELD_MISSING`, `FIELD_UNUSED`, `COLUMNS_DIFFER`, `ARRAY_MISSING` and the others of
 * `NamedArrays`.
 */
export async function openFeatures(
  { data, previousUri }: Inputs,
  field: string,
  context: RequestContext,
): Promise<OpenedFeatures> {
  if (data === undefined || data.uri === '')
    throw invalidInput('FIELD_MISSING', `${field}.data`, 'which features are looked at?');
  checkDataRef(data, `${field}.data`);
  for (const name of ['text_field', 'label_field'] as const) {
    const isGiven = name === 'text_field' ? data.textField : data.labelField;
    if (isGiven !== undefined)
      throw invalidInput(
        'FIELD_UNUSED',
        `${field}.data.${name}`,
        'is for texts; features have their own names',
      );
  }
  const { uri, limit = Infinity } = data;
  const path = await context.resolve(uri, `${field}.data.uri`);
  const isContinued = previousUri !== '';
  const previous = isContinued ? await context.resolve(previousUri, `${field}.previous_uri`) : undefined;
  return opening({ field: `${field}.data.uri`, uri }, async () => {
    const arrays = await NamedArrays.open(path, context.signal);
    const part = (features: string, labels: string, most: number): Examples => {
      const matrix = arrays.matrix(features);
      return { arrays, features: matrix, labels, count: Math.min(most, matrix.rows) };
    };
    const isTested = arrays.has('test_features');
    const train =
      arrays.has('features') || !isContinued || !isTested ? part('features', 'labels', limit) : undefined;
    const test = isTested ? part('test_features', 'test_labels', Infinity) : undefined;
    const columns = train?.features.columns ?? test?.features.columns ?? 0;
    if (test !== undefined && test.features.columns !== columns) {
      const why = `"features" has ${columns} columns and "test_features" ${test.features.columns}`;
      throw incompatible('COLUMNS_DIFFER', why);
    }
    return { path, train, test, columns, previous };
  });
}
