import { readReport, type Report } from '@eigenloom/report';

import type { ModuleReport } from '../adapters/write/module-report.js';

type Rows = Report['tables'][number]['rows'];

/** The rows of a table of an artifact's report; none where there is no such table. */
export const rowsOf = async (folder: string, table: string): Promise<Rows> =>
  (await readReport(folder)).tables.find(({ id }) => id === table)?.rows ?? [];

/** What the report of an adapter says of its modules. */
export const modulesOf = async (folder: string): Promise<readonly ModuleReport[]> =>
  (await rowsOf(folder, 'modules')) as unknown as readonly ModuleReport[];

export interface Score {
  readonly loss: number | null;
  readonly accuracy: number | null;
}

/** Scores of one task. */
export interface TaskScore {
  readonly model: number;
  readonly before: Score;
  readonly alone: Score;
  readonly after: Score;
}

/** What the report of a merge that searched says of its tasks. */
export async function taskScoresOf(folder: string): Promise<readonly TaskScore[]> {
  const rows = (await rowsOf(folder, 'task_scores')) as readonly Readonly<Record<string, number>>[];
  return rows.map((row) => {
    const score = (when: string): Score => ({
      loss: row[`loss_${when}`] ?? null,
      accuracy: row[`accuracy_${when}`] ?? null,
    });
    const scores = { before: score('before'), alone: score('alone'), after: score('after') };
    return { model: row['model'] ?? NaN, ...scores };
  });
}
