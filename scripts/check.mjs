// Every check that needs no test run; goes through all of them and fails if one failed.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const CHECKS = [
  ['types', 'tsc', ['--build']],
  ['lint', 'eslint', ['.', '--max-warnings', '0']],
  ['imports', process.execPath, ['scripts/imports.mjs', '--check']],
  ['format', 'prettier', ['--check', '--log-level', 'warn', '.']],
  ['proto lint', 'buf', ['lint', 'proto']],
  ['proto format', 'buf', ['format', '--diff', '--exit-code', 'proto']],
  ['proto breaking', 'buf', ['breaking', 'proto', '--against', 'proto/released.binpb']],
  ['generated code', process.execPath, ['scripts/proto.mjs', '--check']],
  ['bridge', process.execPath, ['scripts/bridge.mjs', '--check']],
  ['reference', process.execPath, ['tests/dist/reference/main.js', '--check']],
  ['rustfmt', 'cargo', ['fmt', '--check']],
  ['clippy', 'cargo', ['clippy', '--locked', '--quiet', '--workspace', '--', '-D', 'warnings']],
  [
    'clippy of tests',
    'cargo',
    ['clippy', '--locked', '--quiet', '-p', 'eigenloom-numeric', '--tests', '--', '-D', 'warnings'],
  ],
  ['manifests', 'go', ['run', '-C', 'deploy/validate', '.', '../overlays/local', '../overlays/production']],
  ['manifest validator', 'go', ['test', '-C', 'deploy/validate', './...']],
];

const path = `${join(process.cwd(), 'node_modules/.bin')}:${process.env.PATH ?? ''}`;
const failed = [];
for (const [name, command, args] of CHECKS) {
  const start = performance.now();
  const { status } = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, PATH: path } });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`check: ${name} ${status === 0 ? 'passed' : 'FAILED'} (${seconds} s)`);
  if (status !== 0) failed.push(name);
}
if (failed.length > 0) {
  console.error(`check: failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}
