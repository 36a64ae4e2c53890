// Runs the tests of the Rust core and of TypeScript, and ends with the line `N passed, N failed, N skipped`.
// Arguments go to jest: npm test -- packages/runtime
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const selection = process.argv.slice(2);
const totals = { passed: 0, failed: 0, skipped: 0 };
let broken = false;

function stream(command, args, onText) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.on('data', (data) => {
      process.stdout.write(data);
      onText(data.toString());
    });
    child.on('close', (code) => resolve(code ?? 1));
  });
}

async function rust() {
  let text = '';
  const code = await stream(
    'cargo',
    ['test', '--locked', '--quiet', '--workspace'],
    (part) => (text += part),
  );
  for (const [, passed, failed, ignored] of text.matchAll(/(\d+) passed; (\d+) failed; (\d+) ignored/g)) {
    totals.passed += Number(passed);
    totals.failed += Number(failed);
    totals.skipped += Number(ignored);
  }
  if (code !== 0) broken = true;
}

async function typescript() {
  const folder = mkdtempSync(join(tmpdir(), 'eigenloom-test-'));
  const report = join(folder, 'jest.json');
  const code = await stream(
    process.execPath,
    ['node_modules/jest/bin/jest.js', '--maxWorkers=2', '--json', `--outputFile=${report}`, ...selection],
    () => {},
  );
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites } = JSON.parse(
      readFileSync(report),
    );
    totals.passed += numPassedTests;
    totals.failed += numFailedTests + numRuntimeErrorTestSuites;
    totals.skipped += numPendingTests;
  } catch {
    broken = true;
  }
  if (code !== 0) broken = true;
  rmSync(folder, { recursive: true });
}

if (selection.length === 0) await rust();
await typescript();
if (broken && totals.failed === 0) totals.failed = 1;
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = totals.failed === 0 ? 0 : 1;
