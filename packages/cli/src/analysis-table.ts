import type { Analysis } from './commands/analyze.js';
import { print, printTable } from './output.js';
import { formatMetric } from './progress/text.js';

type Row = Readonly<Record<string, unknown>>;

interface AnalysisFile {
  readonly tensors: readonly Row[];
  readonly skipped?: readonly { readonly name: string; readonly reason: string }[];
}

const COLUMNS: Readonly<Record<Analysis, readonly string[]>> = {
  spectrum: ['longname', 'N', 'M', 'alpha', 'D', 'stable_rank'],
  intruders: ['name', 'intruders', 'effective_rank', 'stable_rank'],
};

function cell(value: unknown): string {
  if (typeof value === 'number') return formatMetric(value);
  if (Array.isArray(value)) return String(value.length);
  return typeof value === 'string' ? value : '-';
}

/** Prints the columns that tell most of a spectrum.json or intruders.json; a list counts. What was skipped is grouped by reason. */
export function printAnalysis(analysis: Analysis, content: unknown): void {
  const { tensors, skipped = [] } = content as AnalysisFile;
  const columns = COLUMNS[analysis];
  printTable(
    columns,
    tensors.map((row) => columns.map((column) => cell(row[column]))),
  );
  const byReason = new Map<string, string[]>();
  for (const { name, reason } of skipped) byReason.set(reason, [...(byReason.get(reason) ?? []), name]);
  for (const [reason, [first = '', ...others]] of byReason) {
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    print(`skipped ${first}${more}: ${reason}`);
  }
}
