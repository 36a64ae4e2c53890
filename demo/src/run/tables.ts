import { internal } from '@eigenloom/errors';
import type { Report, Table } from '@eigenloom/report';

export type Row = Table['rows'][number];

/** Rows of one of a report's tables. */
export function rowsOf({ title, tables }: Report, id: string): readonly Row[] {
  const table = tables.find((each) => each.id === id);
  if (table === undefined) throw internal('TABLE_MISSING', `the report "${title}" has no table ${id}`);
  return table.rows;
}
