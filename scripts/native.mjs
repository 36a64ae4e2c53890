// Builds the Rust core and puts the addon where packages/numeric loads it. Cargo skips what is fresh.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const NAMES = {
  linux: 'libeigenloom_numeric_node.so',
  darwin: 'libeigenloom_numeric_node.dylib',
  win32: 'eigenloom_numeric_node.dll',
};
const name = NAMES[process.platform];
if (name === undefined) throw new Error(`no build of the numeric core for ${process.platform}`);

execFileSync('cargo', ['build', '--release', '--locked', '--quiet', '-p', 'eigenloom-numeric-node'], {
  stdio: 'inherit',
});
const built = join(process.env.CARGO_TARGET_DIR ?? 'target', 'release', name);
const installed = 'packages/numeric/native/numeric.node';
mkdirSync('packages/numeric/native', { recursive: true });
if (!existsSync(installed) || !readFileSync(installed).equals(readFileSync(built))) {
  // A rename leaves processes that have the old file mapped alone.
  copyFileSync(built, `${installed}.new`);
  renameSync(`${installed}.new`, installed);
}
// The package says what machines it is for.
const platform = `${process.platform}-${process.arch}\n`;
writeFileSync('packages/numeric/native/platform', platform);
