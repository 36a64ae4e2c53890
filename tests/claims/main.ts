import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { writeReport } from '@eigenloom/report';
import { CLAIMS } from './index.js';
import { type Outcome, systemsPage } from './page.js';
import { claimReport, runClaim } from './run-claim.js';

const PAGE = 'docs/reference/systems.md';
/** What was found last of each row, so that a run of some rows keeps the others. */
const RECORD = 'docs/reference/systems.json';
/** Reports with every number, one folder a row. */
const REPORTS = 'claims-out';

const readRecord = (): Outcome[] =>
  existsSync(RECORD) ? (JSON.parse(readFileSync(RECORD, 'utf8')) as Outcome[]) : [];

function writePage(outcomes: readonly Outcome[]): void {
  const known = outcomes
    .filter(({ row }) => CLAIMS.some((claim) => claim.row === row))
    .toSorted((x, y) => x.row - y.row)
    .map(({ row, held, measured, seconds }) => ({ row, held, measured, seconds, tables: [] }));
  writeFileSync(RECORD, `${JSON.stringify(known, undefined, 2)}\n`);
  writeFileSync(PAGE, systemsPage(CLAIMS, known));
}

/** Runs the claims of the rows that are named, or all, and writes the page; with --page only the page is written again. */
async function main(args: readonly string[]): Promise<void> {
  const outcomes = new Map(readRecord().map((outcome) => [outcome.row, outcome]));
  if (args.includes('--check')) {
    const page = systemsPage(CLAIMS, [...outcomes.values()]);
    if (readFileSync(PAGE, 'utf8') !== page)
      throw new Error(`${PAGE} is stale: run npm run claims -- --page`);
    return;
  }
  const rows = args.filter((arg) => /^\d+$/.test(arg)).map(Number);
  const unknown = rows.find((row) => !CLAIMS.some((claim) => claim.row === row));
  if (unknown !== undefined) throw new Error(`there is no claim for row ${unknown} yet`);
  const chosen = args.includes('--page')
    ? []
    : CLAIMS.filter(({ row }) => rows.length === 0 || rows.includes(row));
  const abort = new AbortController();
  process.once('SIGINT', () => {
    abort.abort();
  });
  for (const claim of chosen) {
    console.log(`row ${claim.row}: ${claim.statement}`);
    const outcome = await runClaim(claim, 'full', abort.signal, (text) => {
      console.log(`  ${text}`);
    });
    console.log(`  ${outcome.held ? 'held' : 'NOT HELD'} (${outcome.seconds} s): ${outcome.measured}`);
    outcomes.set(claim.row, outcome);
    const folder = join(REPORTS, String(claim.row));
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    await writeReport(folder, claimReport(claim, outcome));
    writePage([...outcomes.values()]);
  }
  if (chosen.length === 0) writePage([...outcomes.values()]);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
