import type { Claim } from './claim.js';
import { CLAIMS } from './index.js';
import { systemsPage } from './page.js';
import { runClaim } from './run-claim.js';
import { SYSTEMS } from './systems.js';

test('the page has all 78 rows, and says which are not built, not held, or shown in part', () => {
  const claim: Claim = {
    row: 36,
    methods: ['intruders'],
    statement: 'LoRA has intruder dimensions.',
    criterion: 'more than full fine-tuning',
    missing: 'the remedy',
    run: () => Promise.reject(new Error('not run')),
  };
  const page = systemsPage([claim], [{ row: 36, held: false, measured: '3 | 4', seconds: 7, tables: [] }]);
  const rows = page.split('\n').filter((line) => /^\| \d+ \|/.test(line));
  expect(rows).toHaveLength(78);
  expect(rows.filter((line) => line.includes('not built yet'))).toHaveLength(77);
  expect(rows[35]).toContain('| `intruders` | **not held**, in part | 3 \\| 4 | 7 s |');
  expect(page).toContain('0 held, 1 not held, 77 not built yet.');
  expect(SYSTEMS.map(({ row }) => row)).toEqual(Array.from({ length: 78 }, (_, i) => i + 1));
});

test('each row has one claim at most, and they are in order', () => {
  const rows = CLAIMS.map(({ row }) => row);
  expect(rows).toEqual([...new Set(rows)].sort((x, y) => x - y));
});

// At this size a claim may hold or not: what is asserted is that it runs and measures.
test.each(CLAIMS.map((claim) => [claim.row, claim] as const))('row %i runs', async (_row, claim) => {
  const outcome = await runClaim(claim, 'tiny', new AbortController().signal);
  expect(outcome.measured).toMatch(/\d/);
  expect(outcome.measured).not.toMatch(/NaN|undefined|Infinity/);
  for (const { rows } of outcome.tables) expect(rows.length).toBeGreaterThan(0);
});
