/** What every study, run and claim hands over: one format, and the page drawn from it. */
export type { Axis, Cell, Chart, Column, Report, Series, Table, Verdict } from './report.js';
export { readReport, writeReport } from './write-report.js';
