import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { type common, merge } from '@eigenloom/contracts';
import { type Report, readReport, type Table, writeReport } from '@eigenloom/report';
import type { JobContext } from '@eigenloom/runtime';

/** What a merge found. */
export interface Found {
  readonly metrics?: Report['metrics'] | undefined;
  readonly tables?: readonly Table[] | undefined;
  readonly notes?: readonly string[];
}

type Named = Pick<common.Method, 'id' | 'summary' | 'paper'>;

/** `report.json` of a merge's artifact. It follows from the request and its inputs alone, as the artifact's other files do. */
export const mergeReport = (
  { id, summary, paper }: Named,
  { metrics = {}, tables = [], notes = [] }: Found,
): Report => ({
  title: `${id}: ${summary}`,
  method: id,
  paper,
  metrics,
  tables,
  charts: [],
  verdicts: [],
  notes,
});

const FILE = 'report.json';

/** Writes the report into the artifact, and keeps a copy for an attempt that finds the artifact committed already. */
export async function writeMergeReport(
  staging: string,
  report: Report,
  { scratch }: Pick<JobContext, 'scratch'>,
): Promise<void> {
  await writeReport(staging, report);
  await mkdir(scratch, { recursive: true });
  await copyFile(join(staging, FILE), join(scratch, FILE));
}

/** The response of a job; `report` is undefined where an attempt that died committed the artifact. */
export async function responseOf(
  model: common.Artifact,
  report: Report | undefined,
  changes: merge.ChangeReport | undefined,
  { scratch }: Pick<JobContext, 'scratch'>,
): Promise<merge.MergeResponse> {
  const { metrics } = report ?? (await readReport(scratch));
  const given = Object.entries(metrics).flatMap(([name, value]) =>
    value === null ? [] : [[name, value] as const],
  );
  return merge.MergeResponse.fromPartial({ model, changes, metrics: Object.fromEntries(given) });
}
