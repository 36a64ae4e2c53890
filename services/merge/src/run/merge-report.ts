import { merge } from '@eigenloom/contracts';
import type { common } from '@eigenloom/contracts';
import { type Report, readReport, type Table } from '@eigenloom/report';
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

/** The response of a job whose artifact has a report; `report` is undefined where an attempt that died committed the artifact. */
export async function responseOf(
  model: common.Artifact,
  report: Report | undefined,
  changes: merge.ChangeReport | undefined,
  { resolve }: Pick<JobContext, 'resolve'>,
): Promise<merge.MergeResponse> {
  const { metrics } = report ?? (await readReport(await resolve(model.uri, 'output_uri')));
  const given = Object.entries(metrics).flatMap(([name, value]) =>
    value === null ? [] : [[name, value] as const],
  );
  return merge.MergeResponse.fromPartial({ model, changes, metrics: Object.fromEntries(given) });
}
