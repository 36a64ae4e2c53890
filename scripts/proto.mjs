// Regenerates packages/contracts from proto/, or with --check says whether what is committed is fresh.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const GENERATED = 'packages/contracts/src/gen';
const DESCRIPTORS = 'packages/contracts/descriptors.binpb';
// The contract's own files with their comments, from which `eigenloom methods show` takes the words.
const DOCUMENTATION = 'packages/contracts/documentation.binpb';
// The contract, and the error details of google.rpc; what they import comes along with --include-imports.
const OWN = ['proto/eigenloom', 'node_modules/google-proto-files/google/rpc/error_details.proto'];

function buf(...args) {
  const path = `${join(process.cwd(), 'node_modules/.bin')}:${process.env.PATH ?? ''}`;
  execFileSync('buf', args, { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, PATH: path } });
}

function generate(outputRoot) {
  const own = OWN.flatMap((path) => ['--path', path]);
  mkdirSync(join(outputRoot, GENERATED), { recursive: true });
  buf('generate', '--include-imports', '--include-wkt', ...own, '-o', outputRoot);
  buf(
    'build',
    ...own,
    '--as-file-descriptor-set',
    '--exclude-source-info',
    '-o',
    join(outputRoot, DESCRIPTORS),
  );
  buf(
    'build',
    ...own.slice(0, 2),
    '--as-file-descriptor-set',
    '--exclude-imports',
    '-o',
    join(outputRoot, DOCUMENTATION),
  );
}

if (process.argv.includes('--check')) {
  const scratch = mkdtempSync(join(tmpdir(), 'eigenloom-proto-'));
  try {
    generate(scratch);
    execFileSync('diff', ['-r', join(scratch, GENERATED), GENERATED], { stdio: 'inherit' });
    for (const file of [DESCRIPTORS, DOCUMENTATION]) {
      if (!readFileSync(join(scratch, file)).equals(readFileSync(file))) {
        throw new Error(`${file} is stale: run npm run proto`);
      }
    }
  } catch (error) {
    console.error(`Generated code is stale: run npm run proto (${error.message})`);
    process.exitCode = 1;
  } finally {
    rmSync(scratch, { recursive: true });
  }
} else if (process.argv.includes('--accept')) {
  // The released contract, against which `buf breaking` compares.
  buf('build', '--path', 'proto/eigenloom', '--exclude-source-info', '-o', 'proto/released.binpb');
} else {
  generate('.');
}
