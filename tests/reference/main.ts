import { readFileSync, writeFileSync } from 'node:fs';

import { runGoldenCases } from './golden-cases.js';
import { mergeMethodsPage } from './merge-methods.js';

const PAGE = 'docs/reference/merge-methods.md';

/** Writes the reference page, or with --check says whether it is fresh. */
async function main(check: boolean): Promise<void> {
  const conformance = await runGoldenCases();
  const page = mergeMethodsPage(conformance);
  for (const [method, { cases, passed, largest }] of check ? [] : conformance) {
    console.log(`${method}: ${passed} of ${cases} cases, largest difference ${largest.toExponential(1)}`);
  }
  if (!check) writeFileSync(PAGE, page);
  else if (readFileSync(PAGE, 'utf8') !== page) throw new Error(`${PAGE} is stale: run npm run reference`);
}

main(process.argv.includes('--check')).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
