import { checkChart, checkOutline, checkRow, checkTable, rowsOf } from './check.js';
import { FORMAT, VERSION } from './format.js';

/** Numbers or names of a series in one piece. */
const VALUES_IN_PIECE = 5_000;

/**
 * The file of a report, piece by piece, so that nobody holds it whole: keys in one order, one row a line. Errors: `REPORT_INVALID`.
 */
export function* jsonPieces(report: unknown): Generator<string> {
  const { tables, charts, verdicts, notes, seen, ...head } = checkOutline(report);
  const { title, method, paper, metrics } = head;
  const first = { format: FORMAT, version: VERSION, title, method, paper, metrics, verdicts, notes };
  yield `${JSON.stringify(first, null, 1).slice(0, -2)},\n "tables": [`;
  for (const [i, table] of tables.entries()) {
    const key = `tables[${i}]`;
    const { columns, ...rest } = checkTable(table, key, seen);
    yield `${i === 0 ? '' : ','}\n  ${JSON.stringify({ ...rest, columns }).slice(0, -1)}, "rows": [`;
    for (const [row, cells] of rowsOf(table, key).entries()) {
      yield `${row === 0 ? '' : ','}\n   ${JSON.stringify(checkRow(cells, `${key}.rows[${row}]`, columns))}`;
    }
    yield ']}';
  }
  yield '],\n "charts": [';
  for (const [i, chart] of charts.entries()) {
    const { series, ...rest } = checkChart(chart, `charts[${i}]`, seen);
    yield `${i === 0 ? '' : ','}\n  ${JSON.stringify(rest).slice(0, -1)}, "series": [`;
    for (const [j, { name, mark, x, y }] of series.entries()) {
      yield `${j === 0 ? '' : ','}\n   ${JSON.stringify({ name, mark }).slice(0, -1)}, "x": `;
      yield* listPieces(x);
      yield ', "y": ';
      yield* listPieces(y);
      yield '}';
    }
    yield ']}';
  }
  yield ']\n}\n';
}

function* listPieces(values: readonly unknown[]): Generator<string> {
  yield '[';
  for (let at = 0; at < values.length; at += VALUES_IN_PIECE) {
    const part = JSON.stringify(values.slice(at, at + VALUES_IN_PIECE)).slice(1, -1);
    yield at === 0 ? part : `,${part}`;
  }
  yield ']';
}
