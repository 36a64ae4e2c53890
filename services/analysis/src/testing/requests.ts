import { analysis } from '@eigenloom/contracts';
import type { Report } from '@eigenloom/report';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Weights {
  readonly model?: { readonly uri: string; readonly adapters?: string[] };
  readonly base?: { readonly uri: string };
  readonly tensors?: string[];
  readonly outputUri?: string;
  readonly validateOnly?: boolean;
}

/** A request for a study of weights: its inputs and, in the contract's form, its kind and parameters. */
export function weightRequest(
  $case: 'spectrum' | 'intruders',
  { outputUri, validateOnly, ...inputs }: Weights,
  parameters: object = {},
): analysis.AnalyzeRequest {
  return analysis.AnalyzeRequest.fromPartial({
    ...(outputUri !== undefined && { outputUri }),
    ...(validateOnly !== undefined && { validateOnly }),
    study: { kind: { $case, value: { ...inputs, ...parameters } } },
  });
}

/** The report of an artifact. */
export const reportIn = async (folder: string): Promise<Report> =>
  JSON.parse(await readFile(join(folder, 'report.json'), 'utf8')) as Report;

/** Rows of one of its tables. */
export const rowsOf = ({ tables }: Report, id: string): Report['tables'][number]['rows'] => {
  const table = tables.find((each) => each.id === id);
  if (table === undefined) throw new Error(`the report has no table ${id}`);
  return table.rows;
};
