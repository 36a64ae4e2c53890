import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Report } from '@eigenloom/report';
import type { Claim, Size } from './claim.js';
import { Lab } from './lab.js';
import type { Outcome } from './page.js';

/** Runs one claim in a folder of its own, which is removed afterwards. */
export async function runClaim(
  claim: Claim,
  size: Size,
  signal: AbortSignal,
  say: (text: string) => void = () => undefined,
): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), `eigenloom-claim-${claim.row}-`));
  const start = performance.now();
  const lab = await Lab.open(folder, size, signal, say);
  try {
    const measured = await claim.run(lab);
    return { ...measured, row: claim.row, seconds: Math.round((performance.now() - start) / 1000) };
  } finally {
    await lab.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The report of a claim, as it is kept beside the page. */
export const claimReport = (claim: Claim, outcome: Outcome): Report => ({
  title: `Row ${claim.row}`,
  metrics: {},
  tables: outcome.tables,
  charts: [],
  verdicts: [
    {
      id: `row-${claim.row}`,
      statement: claim.statement,
      criterion: claim.criterion,
      measured: outcome.measured,
      held: outcome.held,
    },
  ],
  notes: claim.missing === '' ? [] : [`Not shown here: ${claim.missing}`],
});
