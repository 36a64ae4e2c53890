import { internal } from '@eigenloom/errors';
import type { Report } from '@eigenloom/report';

/** Rows of a report's table, which have the columns of `R`. */
export function tableOf<R>({ title, tables }: Report, id: string): readonly R[] {
  const table = tables.find((each) => each.id === id);
  if (table === undefined) throw internal('TABLE_MISSING', `the report "${title}" has no table ${id}`);
  return table.rows as readonly R[];
}
