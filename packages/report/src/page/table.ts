import { h, type ComponentChild } from 'preact';

import type { Cell, Column, Table } from '../report.js';
import { formatNumber } from './format-number.js';

/** A page with more would be slow to open. */
const MAX_ROWS = 2_000;
/** Text beyond this many characters is broken into lines. */
const LONG_TEXT = 60;
/** Points of the little line that a list of numbers is drawn as, and numbers that its tooltip has. */
const MAX_SPARK = 64;

/** A table that scrolls and can be sorted. */
export function tableSection({ id, title, columns, rows }: Table): ComponentChild {
  const numeric = columns.map(({ name }) => rows.every((row) => isNumeric(row[name] ?? null)));
  const head = columns.map((column, i) => heading(column, numeric[i] ?? false));
  const body = rows
    .slice(0, MAX_ROWS)
    .map((row) =>
      h('tr', null, ...columns.map(({ name }, i) => cell(row[name] ?? null, numeric[i] ?? false))),
    );
  return h(
    'section',
    { id, class: 'table' },
    h('h3', null, title),
    h(
      'div',
      { class: 'scroll' },
      h('table', null, h('thead', null, h('tr', null, ...head)), h('tbody', null, ...body)),
    ),
    rows.length > MAX_ROWS &&
      h(
        'p',
        { class: 'remark' },
        `${formatNumber(MAX_ROWS)} of ${formatNumber(rows.length)} rows; report.json has all.`,
      ),
  );
}

const isNumeric = (value: Cell): boolean => value === null || typeof value === 'number';

function heading({ name, unit, description }: Column, isNumber: boolean): ComponentChild {
  const button = h(
    'button',
    { type: 'button', title: description },
    name,
    unit !== undefined && h('span', { class: 'unit' }, ` (${unit})`),
  );
  return h('th', { scope: 'col', class: isNumber ? 'number' : undefined }, button);
}

function cell(value: Cell, isNumber: boolean): ComponentChild {
  if (value === null) return h('td', { class: isNumber ? 'number none' : 'none' }, '–');
  if (typeof value === 'boolean') return h('td', null, value ? 'yes' : 'no');
  if (typeof value === 'number') {
    const shown = formatNumber(value);
    return h('td', { class: 'number', title: shown === String(value) ? undefined : String(value) }, shown);
  }
  if (typeof value === 'string')
    return h('td', { class: value.length > LONG_TEXT ? 'text' : undefined }, value);
  return numbersCell(value);
}

/** A list of numbers as a line; where it is long, as some of its numbers. */
function numbersCell(values: readonly (number | null)[]): ComponentChild {
  const step = Math.max(1, Math.ceil(values.length / MAX_SPARK));
  const some = values.filter((_, i) => i % step === 0);
  const present = some.filter((value) => value !== null);
  if (present.length === 0) return h('td', { class: 'none' }, '–');
  const [low, high] = [Math.min(...present), Math.max(...present)];
  const points = some.flatMap((value, i) => {
    if (value === null) return [];
    const share = high > low ? (value - low) / (high - low) : 0.5;
    return `${((88 * i) / Math.max(1, some.length - 1) + 1).toFixed(1)},${(16 - 14 * share).toFixed(1)}`;
  });
  const line = h('polyline', {
    points: points.join(' '),
    fill: 'none',
    stroke: 'var(--series-0)',
    'stroke-width': 1.4,
  });
  const shown = some.map((value) => (value === null ? '–' : formatNumber(value))).join(', ');
  return h(
    'td',
    null,
    h(
      'svg',
      { viewBox: '0 0 90 18', role: 'img' },
      h('title', null, `${values.length} numbers: ${shown}`),
      line,
    ),
    ` ${formatNumber(low)} … ${formatNumber(high)}`,
  );
}
