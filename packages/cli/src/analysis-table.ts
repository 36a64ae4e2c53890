import { print, printTable } from './output.js';
import { formatMetric } from './progress/text.js';

export type Analysis = 'spectrum' | 'intruders';

type Row = Readonly<Record<string, unknown>>;

interface AnalysisFile {
  readonly tensors: readonly Row[];
  /** Of a spectrum. */
  readonly summary?: { readonly fitted: number; readonly failed: number; readonly alpha: number | null };
  readonly skipped?: readonly { readonly name: string; readonly reason: string }[];
}

const COLUMNS: Readonly<Record<Analysis, readonly string[]>> = {
  spectrum: ['longname', 'N', 'M', 'alpha', 'D', 'stable_rank'],
  intruders: ['longname', 'intruders', 'effective_rank', 'stable_rank'],
};

function cell(value: unknown): string {
  if (typeof value === 'number') return formatMetric(value);
  if (Array.isArray(value)) return String(value.length);
  return typeof value === 'string' ? value : '-';
}

/** The matrices of a stack share their name. */
const nameOf = ({ longname, slice }: Row): string =>
  typeof slice === 'number' ? `${cell(longname)}[${slice}]` : cell(longname);

/** Prints the columns that tell most of a spectrum.json or intruders.json; a list counts. What failed or was skipped is grouped by reason. */
export function printAnalysis(analysis: Analysis, content: unknown): void {
  const { tensors, summary, skipped = [] } = content as AnalysisFile;
  const columns = COLUMNS[analysis];
  printTable(
    columns,
    tensors.map((row) => columns.map((column) => (column === 'longname' ? nameOf(row) : cell(row[column])))),
  );
  if (summary !== undefined) {
    print(`fits: ${summary.fitted}, with a mean alpha of ${cell(summary.alpha)}; failed: ${summary.failed}`);
  }
  const failed = tensors.flatMap((row) =>
    row['status'] === 'failed' ? [{ name: nameOf(row), reason: String(row['reason']) }] : [],
  );
  printByReason('no fit for', failed);
  printByReason('skipped', skipped);
}

function printByReason(
  what: string,
  items: readonly { readonly name: string; readonly reason: string }[],
): void {
  const byReason = new Map<string, string[]>();
  for (const { name, reason } of items) byReason.set(reason, [...(byReason.get(reason) ?? []), name]);
  for (const [reason, [first = '', ...others]] of byReason) {
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    print(`${what} ${first}${more}: ${reason}`);
  }
}
