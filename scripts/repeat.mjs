// Runs tests again and again, to see whether one depends on how fast the machine is:
//   npm run test:repeat -- 10                   the tests of tests/ ten times
//   npm run test:repeat -- 5 --load             beside a process that computes on every core
//   npm run test:repeat -- 5 tests/integration  what follows goes to jest
// Prints the failures and the time of each run, and at the end the slowest suites.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';

const SLOWEST = 10;

const [times = '10', ...rest] = process.argv.slice(2);
const selection = rest.filter((each) => each !== '--load');
if (selection.length === 0) selection.push('--selectProjects', 'system');

const folder = mkdtempSync(join(tmpdir(), 'eigenloom-repeat-'));
const longest = new Map();

function run() {
  const report = join(folder, 'jest.json');
  const args = ['node_modules/jest/bin/jest.js', '--maxWorkers=2', '--silent', '--json'];
  const { status } = spawnSync(process.execPath, [...args, `--outputFile=${report}`, ...selection], {
    stdio: 'ignore',
  });
  const { numPassedTests, numPendingTests, testResults } = JSON.parse(readFileSync(report));
  for (const { name, startTime, endTime } of testResults) {
    longest.set(name, Math.max(longest.get(name) ?? 0, (endTime - startTime) / 1000));
  }
  const failures = testResults.flatMap(({ name, message, assertionResults }) => {
    const failed = assertionResults.filter((each) => each.status === 'failed');
    const broken =
      failed.length === 0 && message !== '' ? [{ fullName: name, failureMessages: [message] }] : [];
    return [...failed, ...broken];
  });
  return { failures, passed: numPassedTests, skipped: numPendingTests, broken: status !== 0 };
}

const load = rest.includes('--load')
  ? Array.from({ length: availableParallelism() }, () => spawn(process.execPath, ['-e', 'for (;;);']))
  : [];
try {
  for (let number = 1; number <= Number(times); number += 1) {
    const start = performance.now();
    const { failures, passed, skipped, broken } = run();
    for (const { fullName, failureMessages } of failures)
      console.log(`${fullName}\n${failureMessages.join('\n')}`);
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    console.log(
      `run ${number}: ${passed} passed, ${failures.length} failed, ${skipped} skipped (${seconds} s)`,
    );
    if (broken) process.exitCode = 1;
  }
} finally {
  for (const child of load) child.kill();
  rmSync(folder, { recursive: true });
}
const slowest = [...longest].sort(([, a], [, b]) => b - a).slice(0, SLOWEST);
for (const [name, seconds] of slowest)
  console.log(`${seconds.toFixed(1).padStart(7)} s  ${relative('.', name)}`);
