import { join } from 'node:path';

import { NamedArrays } from '@eigenloom/datasets';
import { incompatible } from '@eigenloom/errors';
import { SafetensorsWriter } from '@eigenloom/numeric';
import { ClassSums } from './class-sums.js';

/** Beside the report; what `previous_uri` names. */
export const SUMS_FILE = 'class_sums.safetensors';
const NORMALIZE = 'normalize';

/** Writes `sums` [classes, d] f64, `counts` and `labels` [classes] i64, and whether features had length 1. */
export async function writeSums(folder: string, sums: ClassSums): Promise<void> {
  const { labels, columns, normalize } = sums;
  const classes = labels.map((label) => sums.get(label) ?? { sum: new Float64Array(columns), count: 0 });
  const all = new Float64Array(labels.length * columns);
  for (const [row, { sum }] of classes.entries()) all.set(sum, row * columns);
  const writer = await SafetensorsWriter.create(
    join(folder, SUMS_FILE),
    [
      { name: 'sums', dtype: 'F64', shape: [labels.length, columns] },
      { name: 'counts', dtype: 'I64', shape: [labels.length] },
      { name: 'labels', dtype: 'I64', shape: [labels.length] },
    ],
    { [NORMALIZE]: String(normalize) },
  );
  await writer.write('sums', all);
  await writer.write('counts', int64(classes.map(({ count }) => count)));
  await writer.write('labels', int64(labels));
  await writer.finish();
}

const int64 = (values: readonly number[]): Uint8Array =>
  new Uint8Array(BigInt64Array.from(values, BigInt).buffer);

/** The sums of an earlier run. Errors: `SUMS_DIFFER` where it scaled features otherwise; those of the file's arrays. */
export async function readSums(path: string, normalize: boolean, signal: AbortSignal): Promise<ClassSums> {
  const arrays = await NamedArrays.open(path, signal);
  const stored = arrays.matrix('sums');
  const before = arrays.metadata[NORMALIZE];
  if (before !== String(normalize)) {
    const why = before === undefined ? 'does not say how features were scaled' : `has normalize: ${before}`;
    throw incompatible('SUMS_DIFFER', `${why}, and this run has normalize: ${normalize}`);
  }
  const labels = await arrays.labels('labels', stored, signal);
  const counts = await arrays.labels('counts', stored, signal);
  const sums = new ClassSums(stored.columns, normalize);
  for await (const { first, rows, values } of stored.blocks({ signal })) {
    for (let row = 0; row < rows; row += 1) {
      const sum = values.slice(row * stored.columns, (row + 1) * stored.columns);
      sums.addClass(labels[first + row] ?? 0, { sum, count: counts[first + row] ?? 0 });
    }
  }
  return sums;
}
