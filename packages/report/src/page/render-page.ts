import { h, type ComponentChild } from 'preact';
import { renderToStaticMarkup } from 'preact-render-to-string';

import type { Report, Verdict } from '../report.js';
import { chartFigure } from './chart-figure.js';
import { formatNumber } from './format-number.js';
import { SORT_SCRIPT, SORT_SCRIPT_HASH } from './sort-script.js';
import { STYLE } from './style.js';
import { tableSection } from './table.js';

const POLICY = `default-src 'none'; style-src 'unsafe-inline'; script-src '${SORT_SCRIPT_HASH}'`;

/**
 * The page of a report: one file, nothing is fetched, and no script runs but the one that sorts tables. Takes the thread for as long as
 * its charts and tables take: call it in a worker.
 */
export function renderPage(report: Report): string {
  const { title, metrics, verdicts, charts, tables, notes } = report;
  const head = h(
    'head',
    null,
    h('meta', { charset: 'utf-8' }),
    h('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
    h('meta', { 'http-equiv': 'Content-Security-Policy', content: POLICY }),
    h('title', null, title),
    h('style', { dangerouslySetInnerHTML: { __html: STYLE } }),
  );
  const body = h(
    'body',
    null,
    h('header', null, h('h1', null, title), about(report)),
    metricTiles(metrics),
    part('Verdicts', verdicts.map(verdictBox)),
    part('Charts', charts.length > 0 ? [h('div', { class: 'charts' }, ...charts.map(chartFigure))] : []),
    part('Tables', tables.map(tableSection)),
    part('Notes', notes.length > 0 ? [h('ul', null, ...notes.map((note) => h('li', null, note)))] : []),
    h('script', { dangerouslySetInnerHTML: { __html: SORT_SCRIPT } }),
  );
  return `<!doctype html>\n${renderToStaticMarkup(h('html', { lang: 'en' }, head, body))}\n`;
}

const part = (heading: string, content: readonly ComponentChild[]): ComponentChild =>
  content.length > 0 && h('section', null, h('h2', null, heading), ...content);

function about({ method, paper }: Report): ComponentChild {
  const items: ComponentChild[] = [];
  if (method !== undefined) items.push('method ', h('code', null, method));
  if (method !== undefined && paper !== undefined) items.push(' · ');
  if (paper !== undefined) items.push(paperLink(paper));
  return items.length > 0 && h('p', { class: 'about' }, ...items);
}

function paperLink(paper: string): ComponentChild {
  const number = /\b\d{4}\.\d{4,5}\b/.exec(paper)?.[0];
  return number === undefined ? paper : h('a', { href: `https://arxiv.org/abs/${number}` }, paper);
}

function metricTiles(metrics: Report['metrics']): ComponentChild {
  const tiles = Object.entries(metrics).map(([name, value]) =>
    h(
      'div',
      null,
      h('dt', null, name),
      h(
        'dd',
        { title: value === null ? undefined : String(value) },
        value === null ? '–' : formatNumber(value),
      ),
    ),
  );
  return tiles.length > 0 && h('dl', { class: 'metrics' }, ...tiles);
}

function verdictBox({ id, statement, criterion, measured, held }: Verdict): ComponentChild {
  return h(
    'div',
    { id, class: held ? 'verdict' : 'verdict failed' },
    h('p', null, h('strong', null, held ? 'Held. ' : 'Not held. '), statement),
    h('p', { class: 'about' }, `Criterion: ${criterion}`),
    h('p', { class: 'about' }, `Measured: ${measured}`),
  );
}
