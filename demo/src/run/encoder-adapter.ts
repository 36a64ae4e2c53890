import { mkdir } from 'node:fs/promises';
import { readAdapter, writeAdapter } from '@eigenloom/checkpoint';

/**
 * Writes the adapter without its head. Two tasks share the encoder only: a mean of their heads would mean nothing, so each head stays
 * with its task and is put on the merged encoder for evaluation.
 */
export async function writeEncoderAdapter(from: string, to: string): Promise<void> {
  const { modules, settings } = await readAdapter(from);
  await mkdir(to, { recursive: true });
  await writeAdapter(to, {
    modules,
    savedTensors: new Map(),
    settings: { ...settings, modulesToSave: [], taskType: 'FEATURE_EXTRACTION' },
  });
}
