import { backends } from './backends.js';
import { conformance } from './conformance.js';
import { convolutions } from './convolutions.js';
import { curves } from './curves.js';
import { linalg } from './linalg.js';
import { memory } from './memory.js';
import { merge } from './merge.js';
import { searches } from './searches.js';
import { mergeScale } from './merge-scale.js';
import { steady } from './steady.js';
import { training } from './training.js';

/** `npm run bench -- NAME…` runs the named benchmarks, all without a name. */
const BENCHMARKS: Readonly<Record<string, () => Promise<void>>> = {
  linalg,
  convolutions,
  training,
  curves,
  steady,
  memory,
  backends,
  merge,
  conformance,
  searches,
  'merge-scale': mergeScale,
};

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !(name in BENCHMARKS));
  if (unknown.length > 0) {
    throw new Error(`no benchmark ${unknown.join(', ')}; there are: ${Object.keys(BENCHMARKS).join(', ')}`);
  }
  for (const name of names.length > 0 ? names : Object.keys(BENCHMARKS)) await BENCHMARKS[name]?.();
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
