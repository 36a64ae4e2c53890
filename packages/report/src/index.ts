/** What every study, run and claim hands over: one format, and the page drawn from it. */
export { HTML_FILE, JSON_FILE } from './json/format.js';
export { readReport } from './read-report.js';
export type { Axis, Cell, Chart, Column, Report, Series, Table, Verdict } from './report.js';
export { writeReport } from './write-report.js';
