import { join } from 'node:path';

import { SafetensorsWriter } from '@eigenloom/numeric';

const SINGULAR_VALUES_FILE = 'singular_values.safetensors';

/** Writes singular values: float64, ascending, by longname. */
export async function writeSingularValues(
  folder: string,
  singularValues: ReadonlyMap<string, Float64Array>,
): Promise<void> {
  const plans = [...singularValues].map(([name, values]) => ({
    name,
    dtype: 'F64' as const,
    shape: [values.length],
  }));
  const writer = await SafetensorsWriter.create(join(folder, SINGULAR_VALUES_FILE), plans);
  for (const [name, values] of singularValues) await writer.write(name, values);
  await writer.finish();
}
