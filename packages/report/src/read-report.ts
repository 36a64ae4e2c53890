import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { corruptData, incompatible, isErrno, notFound } from '@eigenloom/errors';

import { checkChart, checkOutline, checkRow, checkTable, rowsOf } from './json/check.js';
import { FORMAT, JSON_FILE, VERSION } from './json/format.js';
import type { Report } from './report.js';

/**
 * The report of a folder. Errors: `REPORT_MISSING`; `REPORT_INVALID`, naming the key; `REPORT_VERSION` for one of a later Eigenloom.
 */
export async function readReport(folder: string): Promise<Report> {
  const text = await readFile(join(folder, JSON_FILE), 'utf8').catch((cause: unknown) => {
    if (!isErrno(cause, 'ENOENT')) throw cause;
    throw notFound('REPORT_MISSING', `there is no ${JSON_FILE}`, { cause });
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw corruptData('REPORT_INVALID', `${JSON_FILE} is not JSON: ${String(cause)}`, { cause });
  }
  return parseReport(value);
}

function parseReport(value: unknown): Report {
  const { tables, charts, verdicts, notes, seen, ...head } = checkOutline(value);
  const { format, version } = value as { format?: unknown; version?: unknown };
  if (format !== FORMAT) throw corruptData('REPORT_INVALID', `${JSON_FILE}: format is not ${FORMAT}`);
  if (version !== VERSION) {
    throw incompatible(
      'REPORT_VERSION',
      `${JSON_FILE} is of version ${String(version)}; read is version ${VERSION}`,
    );
  }
  return {
    ...head,
    tables: tables.map((table, i) => {
      const key = `tables[${i}]`;
      const checked = checkTable(table, key, seen);
      const rows = rowsOf(table, key).map((row, j) => checkRow(row, `${key}.rows[${j}]`, checked.columns));
      return { ...checked, rows };
    }),
    charts: charts.map((chart, i) => checkChart(chart, `charts[${i}]`, seen)),
    verdicts,
    notes,
  };
}
