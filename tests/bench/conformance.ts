import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { type CaseOutcome, runMergekitCases } from '../reference/mergekit-cases.js';
import { PEER_PYTHON } from './peer.js';

const run = promisify(execFile);
const SCRIPT = resolve('tests/bench/conformance.py');
/** Sets of models; each has its own sizes, storage type and configurations. */
const SETS = Number(process.env['EIGENLOOM_CONFORMANCE_SETS'] ?? '10');
const CASES = process.env['EIGENLOOM_CONFORMANCE_CASES'] ?? '30';
const FIRST_SEED = Number(process.env['EIGENLOOM_CONFORMANCE_SEED'] ?? '1');

/** Random models and configurations, merged by mergekit and by Eigenloom: how many agree, by method, and those that do not. */
export async function conformance(): Promise<void> {
  const outcomes: CaseOutcome[] = [];
  let refused = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SETS; seed += 1) {
    const folder = await mkdtemp(join(tmpdir(), 'eigenloom-conformance-'));
    try {
      await run(PEER_PYTHON, [SCRIPT, folder, String(seed), CASES], { maxBuffer: 2 ** 26 });
      refused += (await readdir(join(folder, 'cases'))).filter((name) => name.endsWith('.error')).length;
      const set = await runMergekitCases(folder);
      for (const outcome of set) await tell(outcome, seed, folder);
      outcomes.push(...set);
    } finally {
      await rm(folder, { recursive: true });
    }
  }
  console.log(`${refused} configurations were refused by mergekit and are left out`);
  console.log('method              agree  of  largest difference of float32');
  for (const method of [...new Set(outcomes.map((outcome) => outcome.method))].sort()) {
    const cases = outcomes.filter((outcome) => outcome.method === method);
    const largest = Math.max(...cases.map((outcome) => outcome.largest));
    const columns = [String(cases.filter(agrees).length).padStart(6), String(cases.length).padStart(4)];
    console.log(`${method.padEnd(18)} ${columns.join('')}  ${largest.toExponential(1)}`);
  }
}

const agrees = ({ beyond, error }: CaseOutcome): boolean => beyond === 0 && error === undefined;

async function tell(outcome: CaseOutcome, seed: number, folder: string): Promise<void> {
  if (agrees(outcome)) return;
  const { name, beyond, elements, largest, error } = outcome;
  const what = error ?? `${beyond} of ${elements} elements, by up to ${largest.toExponential(1)}`;
  const text = await readFile(join(folder, 'cases', `${name}.yaml`), 'utf8');
  console.log(`seed ${seed}, case ${name}: ${what}\n${text.replace(/^/gm, '    ')}`);
}
