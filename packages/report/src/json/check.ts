import { corruptData } from '@eigenloom/errors';

import type { Axis, Cell, Chart, Column, Report, Series, Table, Verdict } from '../report.js';
import { JSON_FILE } from './format.js';

/** Errors: `REPORT_INVALID`, with the path of the key. */
export const invalid = (key: string, why: string): Error =>
  corruptData('REPORT_INVALID', `${JSON_FILE}: ${key} ${why}`);

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown, key: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw invalid(key, 'is not an object');
}

function listOf(value: unknown, key: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw invalid(key, 'is not a list');
}

function textOf(value: unknown, key: string): string {
  if (typeof value === 'string') return value;
  throw invalid(key, 'is not a string');
}

function idOf(value: unknown, key: string, seen: Set<string>): string {
  const id = textOf(value, key);
  if (!/^[\w.-]+$/.test(id))
    throw invalid(key, `is ${JSON.stringify(id)}; ids are letters, digits and _ . -`);
  if (seen.has(id)) throw invalid(key, `is ${JSON.stringify(id)}, which another has`);
  seen.add(id);
  return id;
}

/** Numbers that JSON cannot write are null, as they are drawn: a report at the end of long work is not lost for one. */
function numberOf(value: unknown, key: string): number | null {
  if (value === null) return null;
  if (typeof value !== 'number') throw invalid(key, 'is not a number or null');
  return Number.isFinite(value) ? value : null;
}

const numbersOf = (value: unknown, key: string): readonly (number | null)[] =>
  listOf(value, key).map((entry, i) => numberOf(entry, `${key}[${i}]`));

function oneOf<T extends string>(value: unknown, key: string, known: readonly T[]): T {
  const found = known.find((one) => one === value);
  if (found !== undefined) return found;
  throw invalid(key, `is ${JSON.stringify(value)}; known are ${known.join(', ')}`);
}

const optional = <K extends string>(fields: Fields, name: K, key: string): { readonly [P in K]?: string } =>
  fields[name] === undefined
    ? {}
    : ({ [name]: textOf(fields[name], `${key}${name}`) } as { [P in K]: string });

/** All but the rows. */
export function checkTable(value: unknown, key: string, seen: Set<string>): Omit<Table, 'rows'> {
  const fields = fieldsOf(value, key);
  const columns = listOf(fields['columns'], `${key}.columns`).map((column, i): Column => {
    const at = `${key}.columns[${i}]`;
    const of = fieldsOf(column, at);
    return {
      name: textOf(of['name'], `${at}.name`),
      ...optional(of, 'unit', `${at}.`),
      ...optional(of, 'description', `${at}.`),
    };
  });
  const twice = columns.find(({ name }, i) => columns.findIndex((other) => other.name === name) !== i);
  if (twice !== undefined) throw invalid(`${key}.columns`, `has ${JSON.stringify(twice.name)} twice`);
  const id = idOf(fields['id'], `${key}.id`, seen);
  return { id, title: textOf(fields['title'], `${key}.title`), columns };
}

/** A row in the order of the columns. */
export function checkRow(
  value: unknown,
  key: string,
  columns: readonly Column[],
): Readonly<Record<string, Cell>> {
  const fields = fieldsOf(value, key);
  const known = new Set(columns.map(({ name }) => name));
  const stranger = Object.keys(fields).find((name) => !known.has(name));
  if (stranger !== undefined) throw invalid(key, `has ${JSON.stringify(stranger)}, which is no column`);
  return Object.fromEntries(
    columns.map(({ name }) => [
      name,
      cellOf(Object.hasOwn(fields, name) ? fields[name] : null, `${key}.${name}`),
    ]),
  );
}

function cellOf(value: unknown, key: string): Cell {
  if (value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  return Array.isArray(value) ? numbersOf(value, key) : numberOf(value, key);
}

export function checkChart(value: unknown, key: string, seen: Set<string>): Chart {
  const fields = fieldsOf(value, key);
  const series = listOf(fields['series'], `${key}.series`).map((one, i) =>
    checkSeries(one, `${key}.series[${i}]`),
  );
  const kinds = new Set(series.flatMap(({ x }) => (x.length === 0 ? [] : [typeof x[0]])));
  if (kinds.size > 1) throw invalid(`${key}.series`, 'has numbers and names along x');
  const chart = {
    id: idOf(fields['id'], `${key}.id`, seen),
    title: textOf(fields['title'], `${key}.title`),
    x: checkAxis(fields['x'], `${key}.x`),
    y: checkAxis(fields['y'], `${key}.y`),
    series,
  };
  if (chart.x.scale === 'log' && kinds.has('string'))
    throw invalid(`${key}.x.scale`, 'is log, and x has names');
  return chart;
}

function checkAxis(value: unknown, key: string): Axis {
  const { label, scale } = fieldsOf(value, key);
  return {
    label: textOf(label, `${key}.label`),
    ...(scale !== undefined && { scale: oneOf(scale, `${key}.scale`, ['linear', 'log']) }),
  };
}

function checkSeries(value: unknown, key: string): Series {
  const fields = fieldsOf(value, key);
  const x = listOf(fields['x'], `${key}.x`);
  const y = numbersOf(fields['y'], `${key}.y`);
  if (x.length !== y.length) throw invalid(key, `has ${x.length} places in x and ${y.length} in y`);
  const kind = typeof x[0];
  x.forEach((place, i) => {
    const isRight = typeof place === kind && (typeof place === 'string' || Number.isFinite(place));
    if (!isRight)
      throw invalid(`${key}.x[${i}]`, 'is neither a number as the others nor a name as the others');
  });
  return {
    name: textOf(fields['name'], `${key}.name`),
    mark: oneOf(fields['mark'], `${key}.mark`, ['line', 'points', 'bars']),
    x: x as readonly (number | string)[],
    y,
  };
}

function checkVerdict(value: unknown, key: string, seen: Set<string>): Verdict {
  const fields = fieldsOf(value, key);
  const { held } = fields;
  if (typeof held !== 'boolean') throw invalid(`${key}.held`, 'is not true or false');
  return {
    id: idOf(fields['id'], `${key}.id`, seen),
    statement: textOf(fields['statement'], `${key}.statement`),
    criterion: textOf(fields['criterion'], `${key}.criterion`),
    measured: textOf(fields['measured'], `${key}.measured`),
    held,
  };
}

/** A report with its tables and charts still to be checked: they may be large. */
export interface Outline extends Omit<Report, 'tables' | 'charts'> {
  readonly tables: readonly unknown[];
  readonly charts: readonly unknown[];
  /** Ids so far. */
  readonly seen: Set<string>;
}

export function checkOutline(value: unknown): Outline {
  const fields = fieldsOf(value, 'the report');
  const metrics = Object.entries(fieldsOf(fields['metrics'], 'metrics'));
  const seen = new Set<string>();
  return {
    title: textOf(fields['title'], 'title'),
    ...optional(fields, 'method', ''),
    ...optional(fields, 'paper', ''),
    metrics: Object.fromEntries(metrics.map(([name, metric]) => [name, numberOf(metric, `metrics.${name}`)])),
    verdicts: listOf(fields['verdicts'], 'verdicts').map((one, i) =>
      checkVerdict(one, `verdicts[${i}]`, seen),
    ),
    notes: listOf(fields['notes'], 'notes').map((note, i) => textOf(note, `notes[${i}]`)),
    tables: listOf(fields['tables'], 'tables'),
    charts: listOf(fields['charts'], 'charts'),
    seen,
  };
}

/** The rows of a table, as they stand. */
export const rowsOf = (table: unknown, key: string): readonly unknown[] =>
  listOf(fieldsOf(table, key)['rows'], `${key}.rows`);
