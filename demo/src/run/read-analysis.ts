import { join } from 'node:path';
import { SafetensorsFile } from '@eigenloom/numeric';
import { readReport } from '@eigenloom/report';
import { stepId } from '../plan/run-names.js';
import type { ModelReading } from '../results.js';
import { type Row, rowsOf } from './tables.js';

interface IntruderRow extends Row {
  readonly longname: string;
  readonly max_cosine: readonly number[];
  readonly intruders: readonly number[];
  /** Null where training changed nothing. */
  readonly delta_stable_rank: number | null;
}

/** Joins the spectrum of the change and the intruder dimensions of one model, as published under `runs`. */
export async function readAnalysis(runs: string, id: string): Promise<ModelReading> {
  const rows = rowsOf(
    await readReport(join(runs, stepId.intruders(id))),
    'tensors',
  ) as readonly IntruderRow[];
  const values = await SafetensorsFile.open(join(runs, stepId.spectrum(id), 'singular_values.safetensors'));
  const tensors = [];
  for (const row of rows) {
    const ascending = await values.read(row.longname, 'f64');
    tensors.push({
      tensor: row.longname,
      deltaSingularValues: [...ascending].reverse(),
      maxCosine: row.max_cosine,
      intruders: row.intruders.length,
      deltaStableRank: row.delta_stable_rank,
    });
  }
  return { id, tensors };
}
