import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { SafetensorsWriter } from '@eigenloom/numeric';
import type { AnalysisResult } from './analyse-weights.js';

const SINGULAR_VALUES_FILE = 'singular_values.safetensors';

/** Writes the result file and, if there are any, the singular values: float64, ascending, by longname. */
export async function writeResult(folder: string, file: string, result: AnalysisResult): Promise<void> {
  const { rows: tensors, skipped, summary, singularValues } = result;
  const content = { tensors, ...(summary === undefined ? {} : { summary }), skipped };
  await writeFile(join(folder, file), `${JSON.stringify(content, undefined, 1)}\n`);
  if (singularValues.size === 0) return;
  const plans = [...singularValues].map(([name, values]) => ({
    name,
    dtype: 'F64' as const,
    shape: [values.length],
  }));
  const writer = await SafetensorsWriter.create(join(folder, SINGULAR_VALUES_FILE), plans);
  for (const [name, values] of singularValues) await writer.write(name, values);
  await writer.finish();
}
