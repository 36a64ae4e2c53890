// Writes down, as TypeScript, what the Rust side of the bridge takes and gives; packages/numeric compares it with its own types when
// it is compiled. With --check says whether the functions are as they were written down; a test of the core does so for the merges.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ADDON = 'packages/numeric/src/testing/gen/addon.ts';
const HEAD = '// Made from crates/numeric-node by `npm run bridge`. Do not change it by hand.\n';

const cargo = (args, env) =>
  execFileSync('cargo', args, { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...env } });

/** What the macros of napi-rs say of each item as they expand; they do in a folder that they have not seen. */
function definitions() {
  const folder = mkdtempSync(join(tmpdir(), 'eigenloom-bridge-'));
  try {
    const check = ['check', '--locked', '--quiet', '-p', 'eigenloom-numeric-node'];
    cargo(check, { NAPI_TYPE_DEF_TMP_FOLDER: folder });
    const lines = readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'));
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const withoutComments = (text) => text.replace(/\/\*[\s\S]*?\*\//g, '');

const members = (text) =>
  withoutComments(text)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

const block = (name, lines) =>
  `export interface ${name} {\n${lines.map((line) => `  ${line};\n`).join('')}}\n`;

/** The values of a string enum: what JavaScript passes. */
const union = ({ name, def }) => `export type ${name} = ${def.match(/'[^']*'/g).join(' | ')};\n`;

const WRITES = {
  interface: ({ name, def }) => block(name, members(def)),
  impl: ({ name, def }) =>
    block(
      name,
      members(def).filter((line) => !line.startsWith('constructor(')),
    ),
  string_enum: union,
  type: ({ name, def }) => `export type ${name} = ${def.replace(/^.*?= /, '')};\n`,
};

/** The addon as one file: its types, then `Addon` with its functions and the classes that can be made. */
function typescript(items) {
  const types = items.flatMap((item) => (item.kind in WRITES ? [WRITES[item.kind](item)] : []));
  const functions = items.filter(({ kind }) => kind === 'fn').map(({ def }) => def.replace(/^function /, ''));
  const made = items.filter(({ kind, def }) => kind === 'impl' && def.includes('constructor('));
  const constructors = made.map(
    ({ name, def }) => `${name}: new ${/constructor(\(.*?\))/.exec(def)[1]} => ${name}`,
  );
  return [HEAD, ...types, block('Addon', [...functions, ...constructors].sort())].join('');
}

const addon = typescript(definitions());
if (process.argv.includes('--check')) {
  if (readFileSync(ADDON, 'utf8') !== addon) {
    console.error(`${ADDON} is stale: run npm run bridge`);
    process.exitCode = 1;
  }
} else {
  writeFileSync(ADDON, addon);
  const test = ['test', '--locked', '--quiet', '-p', 'eigenloom-numeric', '--lib', 'typescript_tests'];
  cargo(test, { EIGENLOOM_WRITE_BRIDGE: '1' });
}
