import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { mergeMethodsPage } from './merge-methods.js';
import { runMergekitCases } from './mergekit-cases.js';

const PAGE = 'docs/reference/merge-methods.md';

/** Writes the reference page, or with --check says whether it is fresh. */
async function main(check: boolean): Promise<void> {
  const outcomes = await runMergekitCases(resolve('tests/golden/mergekit'));
  const page = mergeMethodsPage(outcomes);
  if (!check) writeFileSync(PAGE, page);
  else if (readFileSync(PAGE, 'utf8') !== page) throw new Error(`${PAGE} is stale: run npm run reference`);
}

main(process.argv.includes('--check')).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
