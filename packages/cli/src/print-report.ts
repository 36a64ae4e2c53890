import { print, printTable } from './output.js';
import { formatMetric } from './progress/text.js';

type Row = Readonly<Record<string, unknown>>;

/** The part of a report.json that is shown on a terminal. */
export interface ShownReport {
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly tables: readonly {
    readonly title: string;
    readonly columns: readonly { readonly name: string }[];
    readonly rows: readonly Row[];
  }[];
  readonly verdicts: readonly {
    readonly statement: string;
    readonly measured: string;
    readonly held: boolean;
  }[];
  readonly notes: readonly string[];
}

/** What is not a terminal has no width. */
const WIDTH = 120;

function cell(value: unknown): string {
  if (typeof value === 'number') return formatMetric(value);
  if (Array.isArray(value)) return String(value.length);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'string' && value !== '' ? value : '-';
}

/** Prints the tables of a report, of each as many columns as fit; a list counts. Then the headline numbers, verdicts and notes. */
export function printReport({ metrics, tables, verdicts, notes }: ShownReport): void {
  for (const { title, columns, rows } of tables) {
    if (rows.length === 0) continue;
    if (tables.length > 1) print(`${title}:`);
    printColumns(
      columns.map(({ name }) => name).filter((name) => rows.some((row) => row[name] !== undefined)),
      rows,
    );
    print('');
  }
  for (const [name, value] of Object.entries(metrics)) print(`${name}: ${cell(value)}`);
  for (const { statement, measured, held } of verdicts)
    print(`${held ? 'held' : 'not held'}: ${statement} (${measured})`);
  for (const note of notes) print(note);
}

/** Columns from the first on, until the terminal is full. */
function printColumns(names: readonly string[], rows: readonly Row[]): void {
  const columns = names.map((name) => rows.map((row) => cell(row[name])));
  const widths = columns.map((cells, i) =>
    cells.reduce((most, text) => Math.max(most, text.length), names[i]?.length ?? 0),
  );
  let left = process.stdout.isTTY ? process.stdout.columns : WIDTH;
  const fitting = widths.findIndex((width) => (left -= width + 2) < 0);
  const count = fitting < 0 ? names.length : Math.max(1, fitting);
  printTable(
    names.slice(0, count),
    rows.map((_, row) => columns.slice(0, count).map((cells) => cells[row] ?? '')),
  );
}
